/** The server's clock as the SDK knows it: it jumps whenever a measurement tells more. */
export interface MeasuredClock {
  /** The server's time in ms since 1970. */
  now(): number;
}

/** A correction of the clock is spread over time, so that nothing that plays by it jumps. */
const slewPerMs = 0.05;
/** Beyond this it jumps: the clock was set, or this is the first good measurement. */
const jumpMs = 80;

/** SteadyClock shows the server's time without jumps. */
export class SteadyClock {
  readonly #source: MeasuredClock;
  readonly #local: () => number;
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
    this.#offset = slew(this.#offset, this.#source.now() - local, local - this.#at);
    this.#at = local;
    return local + this.#offset;
  }
}

function slew(from: number | undefined, to: number, passedMs: number): number {
  if (from === undefined || Math.abs(to - from) > jumpMs) {
    return to;
  }
  const step = Math.max(0, passedMs) * slewPerMs;
  return from + Math.min(step, Math.max(-step, to - from));
}
