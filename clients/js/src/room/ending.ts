import { Code, ConnectError } from "@connectrpc/connect";
import type { Session } from "../session/session.js";
import { wayFailed } from "../transport/index.js";
import { Farewell } from "./connection.js";
import type { End } from "./connection_state.js";

/** NoToken is a goodbye after which there is no other token to come back with. */
export class NoToken extends Error {
  constructor(readonly farewell: Farewell) {
    super(farewell.message, { cause: farewell });
  }
}

const finalCodes = new Set([
  Code.InvalidArgument, Code.Unauthenticated, Code.PermissionDenied, Code.NotFound, Code.AlreadyExists, Code.FailedPrecondition,
  Code.OutOfRange, Code.Unimplemented,
]);

/** endOf is why a life has ended whose last connection ended by this cause. */
export function endOf(session: Session, cause: unknown): End {
  if (session.end !== undefined) {
    return session.end;
  }
  return cause instanceof NoToken ? "no-token" : "refused";
}

/** endText says why what wasn't sent never will be. */
export function endText(session: Session, cause: unknown): string {
  return session.end === "refused" && cause instanceof Farewell ? `the server said goodbye: ${cause.message}` : "the room has ended";
}

/** errorOf is a cause as an error. */
export function errorOf(cause: unknown): Error | undefined {
  return cause === undefined || cause instanceof Error ? cause : new Error("failed", { cause });
}

/**
 * refusedForGood says whether a stream that ended without a Goaway, before a Welcome, needn't be tried again: the same Hello would meet the
 * same answer. Goaways say themselves whether they are final.
 */
export function refusedForGood(cause: unknown): boolean {
  return cause instanceof ConnectError && !wayFailed(cause) && finalCodes.has(cause.code);
}
