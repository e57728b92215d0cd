import type { DescMessage } from "@bufbuild/protobuf";
import { Code, ConnectError, type StreamRequest, type StreamResponse } from "@connectrpc/connect";
import { createClientMethodSerializers } from "@connectrpc/connect/protocol";
import { headerGrpcMessage, headerGrpcStatus, trailerParse, validateTrailer } from "@connectrpc/connect/protocol-grpc-web";
import { failed } from "./failure.js";
import { Socket, type WebSocketClass } from "./socket.js";
import { dataMessage, endMessage, headersMessage } from "./wire.js";

/**
 * socketCall makes one call over a websocket of its own: any kind of method, both ways at once. The call has ended when its trailers have come,
 * whatever the close code; a socket that ends without them is UNAVAILABLE. When the request's signal ends, the socket is closed without the
 * message that says everything is sent.
 */
export async function socketCall<I extends DescMessage, O extends DescMessage>(
  WebSocket: WebSocketClass, request: StreamRequest<I, O>,
): Promise<StreamResponse<I, O>> {
  const socket = await Socket.open(WebSocket, request.url, request.signal);
  request.signal.addEventListener("abort", () => { socket.close(request.signal.reason); }, { once: true });
  const { serialize, parse } = createClientMethodSerializers(request.method, true);
  socket.send(headersMessage(request.header));
  void sendAll(socket, request.message, serialize);
  const header = new Headers();
  const trailer = new Headers();
  const messages = receiveAll({ socket, parse, header, trailer });
  const first = await messages.next();
  return { ...request, header, trailer, message: chain(first, messages) };
}

/** sendAll sends each message, then that it was the last. A source that fails ends the call with its reason. */
async function sendAll<T>(socket: Socket, messages: AsyncIterable<T>, serialize: (message: T) => Uint8Array): Promise<void> {
  try {
    for await (const message of messages) {
      socket.send(dataMessage(serialize(message)));
    }
    socket.send(endMessage);
  } catch (error) {
    socket.close(ConnectError.from(error, Code.Internal));
  }
}

interface Incoming<T> {
  readonly socket: Socket;
  readonly parse: (bytes: Uint8Array) => T;
  readonly header: Headers;
  readonly trailer: Headers;
}

/** receiveAll gives the messages that come, fills header and trailer, and fails with the status if that isn't OK. */
async function* receiveAll<T>({ socket, parse, header, trailer }: Incoming<T>): AsyncGenerator<T, undefined> {
  let begun = false;
  try {
    for (;;) {
      const frame = await socket.next();
      if (!frame.trailer) {
        begun = true;
        yield parse(frame.payload);
        continue;
      }
      const fields = trailerParse(frame.payload);
      const ends = begun || fields.has(headerGrpcStatus);
      fields.forEach((value, key) => { (ends ? trailer : header).append(key, value); });
      if (ends) {
        checkStatus(trailer, header);
        return undefined;
      }
      begun = true;
    }
  } finally {
    socket.close(failed("websocket", "the call has ended"));
  }
}

/** checkStatus throws what the server said, unless it said OK. */
function checkStatus(trailer: Headers, header: Headers): void {
  const status = trailer.get(headerGrpcStatus);
  if (status === null || !/^\d{1,9}$/.test(status)) {
    throw failed("websocket", status === null ? "the trailers have no grpc-status" : `a grpc-status of "${status}"`);
  }
  try {
    validateTrailer(trailer, header);
  } catch (error) {
    if (!(error instanceof URIError)) {
      throw error;
    }
    trailer.set(headerGrpcMessage, encodeURIComponent(trailer.get(headerGrpcMessage) ?? ""));
    validateTrailer(trailer, header);
  }
}

/** chain gives a message that was taken already, then the others. */
async function* chain<T>(first: IteratorResult<T, undefined>, rest: AsyncGenerator<T, undefined>): AsyncGenerator<T, undefined> {
  if (first.done === true) {
    return undefined;
  }
  yield first.value;
  return yield* rest;
}

