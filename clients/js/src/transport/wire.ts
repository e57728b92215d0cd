import { encodeEnvelope } from "@connectrpc/connect/protocol";
import { trailerFlag } from "@connectrpc/connect/protocol-grpc-web";

/** The subprotocol of the websocket. */
export const subprotocol = "grpc-websockets";

/** Bounds of a frame that is taken from a server, in bytes: a Welcome is below 1 MiB. */
export const maxMessageBytes = 4 << 20;
/** Bounds of a frame of headers or trailers, in bytes. */
export const maxTrailerBytes = 64 << 10;

const frameHeaderBytes = 5;

/** Frame is a message, or headers or trailers, as a server sends them. */
export interface Frame {
  /** Whether the payload is headers or trailers. */
  readonly trailer: boolean;
  /** The bytes of the message, or lines of `key: value`. */
  readonly payload: Uint8Array;
}

/** WireError: the server sent what it never may. */
export class WireError extends Error {
  override readonly name = "WireError";
}

/** FrameReader cuts the stream of bytes that comes over a websocket into frames: frames and messages needn't begin together. */
export class FrameReader {
  #chunks: Uint8Array[] = [];
  #bytes = 0;

  /** push takes the next bytes, and gives the frames that are whole with them. Throws WireError. */
  push(chunk: Uint8Array): Frame[] {
    this.#chunks.push(chunk);
    this.#bytes += chunk.length;
    const frames: Frame[] = [];
    for (let frame = this.#next(); frame !== undefined; frame = this.#next()) {
      frames.push(frame);
    }
    return frames;
  }

  /** cut tells whether a frame has begun and isn't whole. */
  get cut(): boolean {
    return this.#bytes > 0;
  }

  #next(): Frame | undefined {
    if (this.#bytes < frameHeaderBytes) {
      return undefined;
    }
    const header = this.#peek(frameHeaderBytes);
    const view = new DataView(header.buffer, header.byteOffset, frameHeaderBytes);
    const flags = view.getUint8(0);
    const size = view.getUint32(1);
    const trailer = flags === trailerFlag;
    if (flags !== 0 && !trailer) {
      throw new WireError(`a frame with flags 0x${flags.toString(16)}`);
    }
    const limit = trailer ? maxTrailerBytes : maxMessageBytes;
    if (size > limit) {
      throw new WireError(`a frame of ${size} bytes, at most ${limit} are allowed`);
    }
    if (this.#bytes < frameHeaderBytes + size) {
      return undefined;
    }
    const whole = this.#peek(frameHeaderBytes + size);
    this.#drop(frameHeaderBytes + size);
    return { trailer, payload: whole.subarray(frameHeaderBytes, frameHeaderBytes + size) };
  }

  /** peek gives the first bytes in one piece; more of them may follow in it. */
  #peek(bytes: number): Uint8Array {
    const first = this.#chunks[0];
    if (first !== undefined && first.length >= bytes) {
      return first;
    }
    const joined = new Uint8Array(this.#bytes);
    let at = 0;
    for (const chunk of this.#chunks) {
      joined.set(chunk, at);
      at += chunk.length;
    }
    this.#chunks = [joined];
    return joined;
  }

  #drop(bytes: number): void {
    const rest = this.#peek(bytes).subarray(bytes);
    this.#chunks[0] = rest;
    if (rest.length === 0) {
      this.#chunks.shift();
    }
    this.#bytes -= bytes;
  }
}

/** headersMessage is the first message of a websocket: headers as in HTTP/1.1. */
export function headersMessage(header: Headers): Uint8Array<ArrayBuffer> {
  let lines = "";
  header.forEach((value, key) => {
    lines += `${key}: ${value}\r\n`;
  });
  return new TextEncoder().encode(lines);
}

/** dataMessage carries one gRPC message. */
export function dataMessage(message: Uint8Array): Uint8Array<ArrayBuffer> {
  const frame = encodeEnvelope(0, message);
  const bytes = new Uint8Array(1 + frame.length);
  bytes.set(frame, 1);
  return bytes;
}

/** endMessage says that everything is sent. */
export const endMessage: Uint8Array<ArrayBuffer> = new Uint8Array([1]);
