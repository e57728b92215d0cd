import { Goaway_Reason, type Goaway } from "../protocol.js";
import type { Session } from "../session/session.js";
import { expiryOf, renewPauseMs, untilRenewal, type TokenSource } from "./token.js";

/** SignIn gets tokens for a signed-in user: before a Hello, and before the one in use ends. For guests it does nothing. */
export class SignIn {
  readonly #source: TokenSource | undefined;
  #refused = false; // the server has called the token expired
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(source: TokenSource | undefined) {
    this.#source = source;
  }

  /** prepare gets a token for the next Hello, unless the one there is will do. now is the server's clock. It fails as the source does. */
  async prepare(session: Session, now: number): Promise<void> {
    if (this.#source === undefined) {
      return;
    }
    const ends = expiryOf(session.token) ?? Infinity;
    if (session.token === "" || this.#refused || ends - now < renewPauseMs) {
      session.renew(await this.#source());
      this.#refused = false;
    }
  }

  /** comesBack says whether another try may follow a goodbye: after TOKEN_EXPIRED only with another token than was shown. */
  comesBack(goaway: Goaway, shown: string, session: Session): boolean {
    if (goaway.reason !== Goaway_Reason.TOKEN_EXPIRED) {
      return true;
    }
    this.#refused = session.token === shown;
    return !this.#refused || this.#source !== undefined;
  }

  /**
   * renew hands in a fresh token before the one in use ends, and so on, so that the stream lives on. A try that fails is made again.
   * now gives the server's clock; hand hands a token in, and resolves when the server has taken it.
   */
  renew(token: string, now: () => number, hand: (token: string) => Promise<unknown>): void {
    const source = this.#source;
    const ends = expiryOf(token);
    this.stop();
    if (source === undefined || ends === undefined) {
      return;
    }
    const timer = setTimeout(() => {
      source()
        .then(async (fresh) => {
          await hand(fresh);
          return fresh;
        })
        .catch(() => token)
        .then((next) => { if (this.#timer === timer) { this.renew(next, now, hand); } }, () => undefined);
    }, Math.min(untilRenewal(ends - now()), 0x7fff_ffff));
    this.#timer = timer;
  }

  /** stop ends renewing. */
  stop(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }
}
