import { base64Decode } from "@bufbuild/protobuf/wire";

/** TokenSource gives a signed token of the same user that is good for a while. */
export type TokenSource = () => Promise<string>;

/** How long before its end a token is renewed, in ms, if it is good for four times as long; else after three quarters of its time. */
const renewLeadMs = 60_000;
/** The least between two tries to renew, in ms. */
export const renewPauseMs = 1_000;

/** expiryOf reads when a token ends, in ms since 1970, unchecked: that is the server's. Undefined: it can't be read. */
export function expiryOf(token: string): number | undefined {
  const parts = token.split(".");
  if (parts.length !== 3) {
    return undefined;
  }
  try {
    const claims = JSON.parse(new TextDecoder().decode(base64Decode(parts[1] ?? ""))) as { exp?: unknown };
    return typeof claims.exp === "number" && claims.exp > 0 && claims.exp <= 1e12 ? claims.exp * 1000 : undefined;
  } catch {
    return undefined;
  }
}

/** untilRenewal is how long to wait, in ms, with the next try to renew a token that ends in so many ms. */
export function untilRenewal(leftMs: number): number {
  return Math.max(leftMs - Math.min(renewLeadMs, leftMs / 4), renewPauseMs);
}
