/** How many measurements are kept. */
const kept = 40;
/** How much less a measurement says with each ms that goes by: two quartzes differ by up to 0.1 ms in a second. */
const agingPerMs = 1e-4;
/** Another connection may lead to another clock: what an earlier one said counts less soon. */
const earlierAgingPerMs = 1e-3;
/** Measurements contradict each other if they leave this much less than nothing, in ms: clocks are read to the ms in places. */
const readingMs = 2;

/** Measurement is a Ping and its Pong, in ms: sent and arrived by this machine's clock, received and answered by the server's. */
export interface Measurement {
  readonly sent: number;
  readonly received: number;
  readonly answered: number;
  readonly arrived: number;
}

/** What is known of the server's clock: it is ahead of this machine's by offset, in ms, give or take half of roundTrip. */
export interface Reading {
  readonly offset: number;
  /** The shortest way there and the shortest way back, together, in ms; above 0. */
  readonly roundTrip: number;
}

interface Bound {
  readonly least: number;
  readonly most: number;
  readonly at: number;
  readonly aging: number;
}

/**
 * Bounds finds how far the server's clock is ahead of this machine's, over a net whose delays vary. No way takes less than no time, so each measurement says
 * two things that hold whatever the delays were: the offset is at most received - sent, and at least answered - arrived. The tightest of each are seldom
 * of one measurement: the quickest way there and the quickest way back are looked for apart, and the offset is in the middle. Times are ms.
 */
export class Bounds {
  #bounds: Bound[] = [];
  #partings = 0;

  /** How often a measurement contradicted what was known before: a clock was set, or runs badly. */
  get partings(): number { return this.#partings; }

  /** take takes a measurement in. */
  take({ sent, received, answered, arrived }: Measurement): void {
    const bound = { least: answered - arrived, most: received - sent, at: arrived, aging: agingPerMs };
    const before = this.#tightest(arrived);
    if (before !== undefined && Math.min(before.most, bound.most) - Math.max(before.least, bound.least) < -readingMs) {
      this.#bounds = [];
      this.#partings++;
    }
    this.#bounds = [...this.#bounds.slice(1 - kept), bound];
  }

  /** reconnect begins the measurements of a new connection. */
  reconnect(now: number): void {
    const known = this.#tightest(now);
    this.#bounds = known === undefined ? [] : [{ ...known, at: now, aging: earlierAgingPerMs }];
  }

  /** forget drops everything: this machine's clock has stood still, or was set. */
  forget(): void {
    this.#bounds = [];
  }

  /** at is what is known; undefined: nothing. */
  at(now: number): Reading | undefined {
    const known = this.#tightest(now);
    return known && { offset: (known.least + known.most) / 2, roundTrip: Math.max(0.001, known.most - known.least) };
  }

  #tightest(now: number): { least: number; most: number } | undefined {
    if (this.#bounds.length === 0) {
      return undefined;
    }
    return {
      least: Math.max(...this.#bounds.map((b) => b.least - (now - b.at) * b.aging)),
      most: Math.min(...this.#bounds.map((b) => b.most + (now - b.at) * b.aging)),
    };
  }
}
