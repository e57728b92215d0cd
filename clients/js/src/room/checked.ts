import { create, toBinary } from "@bufbuild/protobuf";
import { JoinRequestSchema, type JoinRequest, type Limits } from "../protocol.js";
import { Invalid } from "../errors.js";

/** The largest JoinRequest before a Welcome has told the server's limit, in bytes. */
const messageBytes = 16 << 10;
const maxUint64 = (1n << 64n) - 1n;

/** checked makes a request of a command. It throws Invalid for what the server would end the connection for, and what can't be encoded at all. */
export function checked(command: JoinRequest["command"], limits: Limits | undefined): JoinRequest {
  const request = create(JoinRequestSchema, { command, number: maxUint64, lastSeq: maxUint64 });
  const limit = limits?.messageBytes || messageBytes;
  let bytes: number;
  try {
    bytes = toBinary(JoinRequestSchema, request).length;
  } catch (error) {
    throw new Invalid("command", `can't be encoded: ${error instanceof Error ? error.message : String(error)}`);
  }
  if (bytes > limit) {
    throw new Invalid("command", `is up to ${bytes} bytes long when encoded, at most ${limit} are allowed`);
  }
  return request;
}
