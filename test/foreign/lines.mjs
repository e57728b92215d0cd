// What the clients of this folder share: JSON lines in and out, and the protocol's types out of a descriptor set.
import { readFileSync } from "node:fs";
import { createInterface } from "node:readline";
import { createFileRegistry, fromBinary, fromJson, toJson } from "@bufbuild/protobuf";
import { FileDescriptorSetSchema } from "@bufbuild/protobuf/wkt";

/** Where the server is, and the protocol as it describes it. */
export const [address, descriptors] = process.argv.slice(2);

const registry = createFileRegistry(fromBinary(FileDescriptorSetSchema, readFileSync(descriptors)));

export const service = registry.getService("singoff.v1.RoomService");
export const JoinRequest = registry.getMessage("singoff.v1.JoinRequest");
export const JoinResponse = registry.getMessage("singoff.v1.JoinResponse");

/** The messages to send, one on each line; the end of the input is their end. */
export async function* requests() {
  for await (const line of createInterface({ input: process.stdin })) {
    yield fromJson(JoinRequest, JSON.parse(line), { registry });
  }
}

/** A message that came. */
export function received(message, schema = JoinResponse) {
  console.log(JSON.stringify({ response: toJson(schema, message, { registry }) }));
}

/** The end: a gRPC status. */
export function ended(code, message) {
  console.log(JSON.stringify({ ended: { code, message } }));
}
