/** What the SDK knows of the server's clock: the best of its latest measurements. */
export interface MeasuredClock {
  /** The server's time in ms since 1970, by that measurement. */
  now(): number;
  /** How long its way there and back took, in ms; 0: there is none yet, at most what the server said when it greeted. */
  readonly roundTrip: number;
}

/** How much less is known of the clock with each ms that goes by: quartzes differ by up to 0.1 ms in a second. */
const doubtPerMs = 1e-4;
/** A correction of the clock is spread, so that nothing that plays by it jumps. */
const slewPerMs = 0.01;
/** Beyond this it jumps: the clock was set, or this is the first good measurement. */
const jumpMs = 80;
const most = 64;
/** What is known without a measurement is taken for one of a very slow net, in ms. */
const unmeasured = 4000;
/** Another measurement, in ms: what differs by less is the same one, read at another moment. */
const sameMs = 0.02;
/** The mean takes in what is surer than this much more doubt, in ms. */
const kinMs = 10;

/**
 * SteadyClock shows the server's time without jumps. Over a net whose delays vary, the way with the shortest round trip tells most: it is kept for as long as
 * nothing newer is surer, and those that are nearly as good are averaged with it.
 */
export class SteadyClock {
  readonly #source: MeasuredClock;
  readonly #local: () => number;
  #samples: { offset: number; roundTrip: number; atMs: number }[] = [];
  #offset: number | undefined;
  #at = 0;

  /** local gives this device's time in ms since 1970, steadily. */
  constructor(source: MeasuredClock, local: () => number = () => performance.timeOrigin + performance.now()) {
    this.#source = source;
    this.#local = local;
  }

  /** The server's time, in ms since 1970. */
  now(): number {
    const local = this.#local();
    this.#take(local);
    this.#offset = slew(this.#offset, this.#target(local), local - this.#at);
    this.#at = local;
    return local + this.#offset;
  }

  /** Takes in what the SDK has measured anew. */
  #take(local: number): void {
    const roundTrip = this.#source.roundTrip || unmeasured;
    const offset = this.#source.now() - local;
    const last = this.#samples.at(-1);
    if (last?.roundTrip === roundTrip && Math.abs(last.offset - offset) < sameMs) {
      return;
    }
    if (last !== undefined && Math.abs(last.offset - offset) > Math.max(jumpMs, last.roundTrip + roundTrip)) {
      this.#samples = []; // one of the two clocks was set
    }
    this.#samples = [...this.#samples, { offset, roundTrip, atMs: local }].slice(-most);
  }

  /** The offset as the samples tell it: their mean, each by how sure it is. */
  #target(local: number): number {
    const doubts = this.#samples.map((s) => s.roundTrip / 2 + (local - s.atMs) * doubtPerMs);
    const least = Math.min(...doubts);
    let sum = 0;
    let weights = 0;
    this.#samples.forEach((sample, i) => {
      const weight = 1 / ((doubts[i] ?? least) - least + kinMs) ** 2;
      sum += sample.offset * weight;
      weights += weight;
    });
    return sum / weights;
  }
}

function slew(from: number | undefined, to: number, passedMs: number): number {
  if (from === undefined || Math.abs(to - from) > jumpMs) {
    return to;
  }
  const step = Math.max(0, passedMs) * slewPerMs;
  return from + Math.min(step, Math.max(-step, to - from));
}
