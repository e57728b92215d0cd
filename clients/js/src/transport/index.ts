import type { DescMessage, DescMethodStreaming, DescMethodUnary, MessageInitShape } from "@bufbuild/protobuf";
import { createContextValues, type ContextValues, type StreamResponse, type Transport, type UnaryResponse } from "@connectrpc/connect";
import { createMethodUrl, runStreamingCall } from "@connectrpc/connect/protocol";
import { requestHeader } from "@connectrpc/connect/protocol-grpc-web";
import type { GrpcWebTransportOptions } from "@connectrpc/connect-web";
import { socketCall } from "./call.js";
import { createFetchTransport } from "./fetch.js";
import type { WebSocketClass } from "./socket.js";

export { WayFailure, wayFailed } from "./failure.js";
export type { WebSocketClass, WebSocketLike } from "./socket.js";

/** TransportOptions are those of connect-web's grpc-web transport, and the websocket to use. */
export interface TransportOptions extends GrpcWebTransportOptions {
  /** For calls that stream both ways; by default the global WebSocket. Node 20 has none: give it that of the package `ws`. */
  readonly WebSocket?: WebSocketClass | undefined;
}

/**
 * createTransport makes a connect-es Transport to one singoff server's HTTP port. Unary calls and server streams go by fetch as grpc-web; calls
 * whose client streams go over a websocket each, with the subprotocol `grpc-websockets`. Errors are ConnectErrors; one that the
 * server didn't say has a WayFailure as its cause. Deadlines, cancellation, headers and trailers are as connect-es defines them.
 */
export function createTransport(options: TransportOptions): Transport {
  const web = createFetchTransport(options);
  return {
    unary<I extends DescMessage, O extends DescMessage>(
      method: DescMethodUnary<I, O>, signal: AbortSignal | undefined, timeoutMs: number | undefined, header: HeadersInit | undefined,
      input: MessageInitShape<I>, contextValues?: ContextValues,
    ): Promise<UnaryResponse<I, O>> {
      return web.unary(method, signal, timeoutMs, header, input, contextValues);
    },
    async stream<I extends DescMessage, O extends DescMessage>(
      method: DescMethodStreaming<I, O>, signal: AbortSignal | undefined, timeoutMs: number | undefined, header: HeadersInit | undefined,
      input: AsyncIterable<MessageInitShape<I>>, contextValues?: ContextValues,
    ): Promise<StreamResponse<I, O>> {
      if (method.methodKind === "server_streaming") {
        return web.stream(method, signal, timeoutMs, header, input, contextValues);
      }
      const limit = timeoutMs ?? options.defaultTimeoutMs;
      const deadline = limit !== undefined && limit > 0 ? limit : undefined;
      return runStreamingCall<I, O>({
        ...(options.interceptors && { interceptors: options.interceptors }),
        ...(signal && { signal }),
        ...(deadline !== undefined && { timeoutMs: deadline }),
        req: {
          stream: true,
          service: method.parent,
          method,
          requestMethod: "POST",
          url: socketURL(createMethodUrl(options.baseUrl, method)),
          header: requestHeader(true, deadline, header, false),
          contextValues: contextValues ?? createContextValues(),
          message: input,
        },
        next: (request) => socketCall(options.WebSocket ?? globalWebSocket(), request),
      });
    },
  };
}

function globalWebSocket(): WebSocketClass {
  const { WebSocket } = globalThis as { WebSocket?: WebSocketClass };
  if (WebSocket === undefined) {
    throw new TypeError("there is no global WebSocket here: give one as the option WebSocket");
  }
  return WebSocket;
}

/** socketURL is the same address for a websocket. */
function socketURL(url: string): string {
  return url.replace(/^http/, "ws");
}
