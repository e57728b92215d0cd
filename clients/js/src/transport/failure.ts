import { Code, ConnectError } from "@connectrpc/connect";

/**
 * WayFailure is what a call ended with if the server didn't say it: the network, a proxy or this browser did. It is the `cause` of the
 * ConnectError that the caller gets.
 */
export class WayFailure extends Error {
  override readonly name = "WayFailure";

  constructor(
    /** Which way failed. */
    readonly way: "websocket" | "fetch",
    message: string,
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}

/** failed makes the ConnectError of a way that failed; UNAVAILABLE unless another code is given. */
export function failed(way: WayFailure["way"], message: string, why: { cause?: unknown; code?: Code } = {}): ConnectError {
  const failure = new WayFailure(way, message, "cause" in why ? { cause: why.cause } : undefined);
  return new ConnectError(`${way}: ${message}`, why.code ?? Code.Unavailable, undefined, undefined, failure);
}

/** wayFailed tells whether a call ended with something that the server didn't say. Cancellation and deadlines of one's own are neither. */
export function wayFailed(error: unknown): error is ConnectError & { cause: WayFailure } {
  return error instanceof ConnectError && error.cause instanceof WayFailure;
}

/** judged makes a WayFailure of whatever ended a call, but for what the server said, cancellation and deadlines. */
export function judged(way: WayFailure["way"], error: unknown): ConnectError {
  const told = ConnectError.from(error);
  if (told.isWireError || wayFailed(told) || told.code === Code.Canceled || told.code === Code.DeadlineExceeded) {
    return told;
  }
  return failed(way, told.rawMessage, { cause: error });
}
