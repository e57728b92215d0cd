import type { Hello, JoinRequest, JoinResponse, WatchResponse } from "../protocol.js";

/** Way is how a connection travels. */
export interface Way {
  readonly kind: "websocket" | "fetch";
  /** Why it isn't the websocket, if it isn't and fetch wasn't asked for. */
  readonly reason?: string | undefined;
}

/** Link is one connection to a room: a Join, or a Watch with its Sends. */
export interface Link {
  readonly way: Way;
  /** send hands on a message. It doesn't wait; what can't be sent any more is dropped, and responses tell why. */
  send(message: JoinRequest): void;
  /**
   * The responses; one without events is a sign of life, to be answered with a Ping. They end as the server ends the stream: normally with
   * status OK, else with a ConnectError. Read once.
   */
  readonly responses: AsyncIterable<JoinResponse | WatchResponse>;
}

/** Linker opens links. */
export interface Linker {
  /**
   * open begins a link with a Hello, which it may change; it doesn't wait. Ending the signal breaks the link without leaving the room. One that
   * is ended with a Silence says that the link was given up since nothing was heard.
   */
  open(hello: Hello, signal: AbortSignal): Link;
}

/** Silence is why a link was given up: nothing was heard for too long. */
export class Silence extends Error {
  override readonly name = "Silence";
}
