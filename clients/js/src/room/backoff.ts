// How tries to connect are spread, in ms. clients/go has the same figures.

/** A slot holds one try. The first is as long as stepMs, each is longer than the one before by as much, up to longestMs. */
const stepMs = 500;
const longestMs = 7_500;
/** How many tries at most are counted once a connection was of use, but only for a moment. */
const briefTries = 3;
/** triesAtMost in any triesWindowMs, whatever the server and the page do. */
const triesAtMost = 6;
const triesWindowMs = 10_000;
/** How often a wake-up may exceed that by one try, in ms. */
const hurryMs = 3_000;

/**
 * Backoff says when to try again: time is cut into slots, each a little longer than the one before, and in each there is one try, at a moment that the
 * dice choose. So nobody who is lucky with the dice has used up all tries when the server is back, and nobody who is unlucky waits longer than two
 * slots; those of a crowd are spread evenly all the time. Times are ms of any one clock.
 */
export class Backoff {
  #counted = 0; // tries since a connection was of use
  #until = -Infinity; // end of the newest try's slot
  #tries: number[] = []; // the newest triesAtMost
  #forgiven = -Infinity; // when woken last forgot tries
  #hurried = -Infinity; // when woken last allowed one too many

  constructor(readonly random: () => number = Math.random) {}

  /** tried notes a try. */
  tried(now: number): void {
    this.#counted++;
    this.#tries = [...this.#tries.slice(1 - triesAtMost), now];
  }

  /** settled forgets all tries: a connection was of use. */
  settled(): void {
    this.#counted = 0;
    this.#until = this.#forgiven = this.#hurried = -Infinity;
    this.#tries = [];
  }

  /**
   * brief forgets all but briefTries: a connection was of use for a moment. Who falls down again and again is tried less and less, but not as seldom
   * as who doesn't stand up.
   */
  brief(): void {
    this.#counted = Math.min(this.#counted, briefTries);
  }

  /** next is when to try again after a failure, no earlier than retryAfter ms from now. */
  next(now: number, retryAfter: number): number {
    const slot = Math.min(longestMs, (this.#counted + 1) * stepMs);
    const begin = Math.max(now + Math.max(0, retryAfter), this.#until, this.#earliest());
    this.#until = begin + slot;
    return begin + this.random() * slot;
  }

  /**
   * woken is when to try again now that the network is back. It begins with the first slot anew, and forgets tries unless it has done so within a
   * triesWindowMs: those of a machine without a network reached nobody.
   */
  woken(now: number): number {
    this.#counted = 0;
    this.#until = -Infinity;
    if (now - this.#forgiven >= triesWindowMs) {
      this.#tries = [];
      this.#forgiven = now;
    }
    const allowed = Math.max(now, this.#earliest());
    const hurry = Math.max(now, this.#hurried + hurryMs);
    if (hurry < allowed) {
      this.#hurried = hurry;
      return hurry;
    }
    return allowed;
  }

  /** earliest is when another try doesn't exceed triesAtMost in a triesWindowMs; it may have passed. */
  #earliest(): number {
    const oldest = this.#tries[0];
    return this.#tries.length < triesAtMost || oldest === undefined ? -Infinity : oldest + triesWindowMs;
  }
}
