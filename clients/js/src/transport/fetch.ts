import { Code, type Transport } from "@connectrpc/connect";
import { headerGrpcStatus } from "@connectrpc/connect/protocol-grpc-web";
import { createGrpcWebTransport, type GrpcWebTransportOptions } from "@connectrpc/connect-web";
import { failed, judged } from "./failure.js";
import { mapErrors } from "./map_errors.js";

/**
 * createFetchTransport is connect-web's grpc-web, which also tells apart what the server said and what the way did: a request that fails, an
 * answer that breaks off, or one from something else than a singoff server fails with a WayFailure.
 */
export function createFetchTransport(options: GrpcWebTransportOptions): Transport {
  const fetch = options.fetch ?? ((input, init) => globalThis.fetch(input, init));
  return mapErrors(createGrpcWebTransport({ ...options, fetch: telling(fetch) }), (error) => judged("fetch", error));
}

/**
 * telling wraps a fetch. An answer whose headers hold the error is given without its body: connect-web would read the trailers in it and lose
 * what the headers said.
 */
function telling(fetch: typeof globalThis.fetch): typeof globalThis.fetch {
  return async (input, init) => {
    const response = await fetch(input, init);
    const { status, statusText, headers } = response;
    const code = headers.get(headerGrpcStatus);
    const type = headers.get("content-type") ?? "";
    if (response.ok && (code === null || code === "0") && type.startsWith("application/grpc")) {
      return response;
    }
    await response.body?.cancel().catch(() => undefined);
    if (!response.ok) {
      throw failed("fetch", `the answer's HTTP status is ${status}`, { code: codeOfHTTP(status) });
    }
    if (code === null || code === "0") {
      throw failed("fetch", `the answer's content-type is "${type}"`);
    }
    return new Response(null, { status, statusText, headers });
  };
}

/** codeOfHTTP is what gRPC makes of an HTTP status that comes without a status of its own. */
function codeOfHTTP(status: number): Code {
  switch (status) {
    case 400: return Code.Internal;
    case 401: return Code.Unauthenticated;
    case 403: return Code.PermissionDenied;
    case 404: return Code.Unimplemented;
    case 429: case 502: case 503: case 504: return Code.Unavailable;
    default: return Code.Unknown;
  }
}
