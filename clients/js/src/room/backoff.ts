/** How tries to connect are spread, in ms. */
const baseMs = 250;
const capMs = 15_000;
/** triesAtMost in any triesWindowMs, whatever the dice say. */
const triesAtMost = 6;
const triesWindowMs = 10_000;

/** Backoff says when to try again: exponential, with full jitter, never more than 6 tries in 10 s. Times are ms of any one clock. */
export class Backoff {
  #failures = 0; // since a connection was of use
  #tries: number[] = []; // the newest triesAtMost

  constructor(readonly random: () => number = Math.random) {}

  /** tried notes a try. */
  tried(now: number): void {
    this.#tries = [...this.#tries.slice(1 - triesAtMost), now];
  }

  /** settled forgets failures: a connection was of use. */
  settled(): void {
    this.#failures = 0;
    this.#tries = [];
  }

  /** next is when to try again after a failure, no earlier than retryAfter ms from now. */
  next(now: number, retryAfter: number): number {
    const longest = Math.min(capMs, baseMs * 2 ** Math.min(this.#failures, 10));
    this.#failures++;
    return this.earliest(now + Math.max(0, retryAfter) + this.random() * longest);
  }

  /** earliest moves a time to when the next try may be made. */
  earliest(at: number): number {
    const oldest = this.#tries[0];
    return this.#tries.length < triesAtMost || oldest === undefined ? at : Math.max(at, oldest + triesWindowMs);
  }
}
