import { Code, ConnectError } from "@connectrpc/connect";
import { failed } from "./failure.js";
import { FrameReader, WireError, subprotocol, type Frame } from "./wire.js";

/** WebSocketClass is what a browser's WebSocket, or that of the package `ws`, can do. */
export type WebSocketClass = new (url: string, protocols?: string | string[]) => WebSocketLike;

/** WebSocketLike is the part of a WebSocket that is used. */
export interface WebSocketLike {
  binaryType: string;
  readonly protocol: string;
  send(data: Uint8Array<ArrayBuffer>): void;
  close(code?: number, reason?: string): void;
  onopen: ((event: never) => unknown) | null;
  onmessage: ((event: never) => unknown) | null;
  onerror: ((event: never) => unknown) | null;
  onclose: ((event: never) => unknown) | null;
}

/** openTimeoutMs is how long a websocket may take to open. */
export const openTimeoutMs = 6_000;

/**
 * Socket is one websocket as frames that are waited for. It ends once: by the server's end of it, by close, or by bytes that aren't the
 * wire; frames that had come before are given first.
 */
export class Socket {
  readonly #socket: WebSocketLike;
  readonly #reader = new FrameReader();
  readonly #frames: Frame[] = [];
  #error: unknown;
  #ended = false;
  #wake: () => void = () => undefined;

  private constructor(socket: WebSocketLike) {
    this.#socket = socket;
  }

  /** open connects. It fails with a ConnectError whose cause is a WayFailure, or with the signal's reason. */
  static open(WebSocket: WebSocketClass, url: string, signal: AbortSignal): Promise<Socket> {
    return new Promise((resolve, reject) => {
      signal.throwIfAborted();
      const raw = new WebSocket(url, subprotocol);
      raw.binaryType = "arraybuffer";
      const socket = new Socket(raw);
      const over = (error: unknown): void => {
        clearTimeout(timer);
        socket.close(error);
        reject(ConnectError.from(error, Code.Canceled));
      };
      const timer = setTimeout(() => { over(failed("websocket", `it didn't open within ${openTimeoutMs} ms`)); }, openTimeoutMs);
      signal.addEventListener("abort", () => { over(signal.reason); }, { once: true });
      raw.onopen = () => {
        if (raw.protocol !== subprotocol) {
          over(failed("websocket", `the server doesn't speak ${subprotocol}`));
          return;
        }
        clearTimeout(timer);
        socket.#listen();
        resolve(socket);
      };
      raw.onerror = () => { over(failed("websocket", "it couldn't be opened")); };
      raw.onclose = (event: { code?: number }) => { over(failed("websocket", `it was closed while opening (${event.code ?? "no code"})`)); };
    });
  }

  #listen(): void {
    this.#socket.onmessage = (event: { data: unknown }) => { this.#take(event.data); };
    this.#socket.onerror = null;
    this.#socket.onclose = (event: { code?: number }) => {
      this.#end(failed("websocket", `it was closed without a status (${event.code ?? "no code"}${this.#reader.cut ? ", within a frame" : ""})`));
    };
  }

  #take(data: unknown): void {
    if (this.#ended) {
      return;
    }
    try {
      if (!(data instanceof ArrayBuffer)) {
        throw new WireError("a message of text");
      }
      this.#frames.push(...this.#reader.push(new Uint8Array(data)));
      this.#wake();
    } catch (error) {
      this.close(failed("websocket", `not the wire of ${subprotocol}: ${(error as Error).message}`, { cause: error }));
    }
  }

  #end(error: unknown): void {
    if (!this.#ended) {
      this.#ended = true;
      this.#error = error;
      this.#wake();
    }
  }

  /** send hands bytes to the network; nothing happens after the end. */
  send(bytes: Uint8Array<ArrayBuffer>): void {
    if (!this.#ended) {
      this.#socket.send(bytes);
    }
  }

  /** next waits for the next frame; after the end it fails with the reason. One caller at a time. */
  async next(): Promise<Frame> {
    for (;;) {
      const frame = this.#frames.shift();
      if (frame !== undefined) {
        return frame;
      }
      if (this.#ended) {
        throw this.#error;
      }
      await new Promise<void>((resolve) => { this.#wake = resolve; });
    }
  }

  /** close ends the socket, if it hasn't ended, with a reason for next. It doesn't wait. */
  close(reason: unknown): void {
    this.#end(reason);
    this.#socket.onopen = this.#socket.onmessage = this.#socket.onclose = null;
    this.#socket.onerror = () => undefined;
    this.#socket.close();
  }
}
