import { create } from "@bufbuild/protobuf";
import { createClient, type Client, type Transport } from "@connectrpc/connect";
import { JoinRequestSchema, RoomService, type Hello, type JoinRequest } from "../protocol.js";
import type { Link, Linker } from "./way.js";
import { Outbox } from "./outbox.js";

/** JoinLinker opens a Join for each link. */
export class JoinLinker implements Linker {
  readonly #client: Client<typeof RoomService>;

  constructor(transport: Transport) {
    this.#client = createClient(RoomService, transport);
  }

  open(hello: Hello, signal: AbortSignal): Link {
    const outbox = new Outbox<JoinRequest>(signal);
    outbox.push(create(JoinRequestSchema, { lastSeq: hello.resume?.lastSeq ?? 0n, command: { case: "hello", value: hello } }));
    return {
      way: { kind: "websocket" },
      send: (message) => { outbox.push(message); },
      responses: this.#client.join(outbox, { signal }),
    };
  }
}
