import { create } from "@bufbuild/protobuf";
import { PingSchema, type Ping, type Pong, type Welcome } from "../protocol.js";
import { msOf, timestampOf, type TimeSource } from "../time.js";

/** How many measurements of one connection are kept; the one with the shortest round trip counts. */
const samplesKept = 8;
/** jumpMs: the steady clock has stood still (a sleeping machine) or the wall clock was set, if they differ by more than before. */
const jumpMs = 250;

interface Sample {
  readonly offset: number;
  readonly roundTrip: number;
}

/** ServerClock is the server's clock, as a Room knows it. */
export interface ServerClock {
  /** The server's clock less this machine's wall clock, in ms. */
  readonly offset: number;
  /** Of the measurement that it rests on, in ms: the error is at most half of it. 0: only a Welcome has told the time so far, or nothing. */
  readonly roundTrip: number;
  /** The server's clock, in ms since 1970, estimated. */
  now(): number;
}

/**
 * Clock measures the server's clock, NTP style, against one that starts at this machine's wall clock and then runs by its steady clock, so that
 * setting the wall clock moves nothing.
 */
export class Clock implements ServerClock {
  readonly #time: TimeSource;
  #base: number; // wall less steady
  #best: Sample = { offset: 0, roundTrip: 0 };
  #samples: Sample[] = [];
  #pings = 0n;
  readonly #sent = new Map<bigint, number>(); // pings without an answer: when, by the steady clock

  constructor(time: TimeSource) {
    this.#time = time;
    this.#base = time.wall() - time.steady();
  }

  get offset(): number { return this.now() - this.#time.wall(); }
  get roundTrip(): number { return this.#best.roundTrip; }
  now(): number { return this.#local() + this.#best.offset; }

  /** local is the clock that offsets are measured against. */
  #local(): number { return this.#base + this.#time.steady(); }

  /** ping makes the next measurement's Ping. */
  ping(): Ping {
    this.#sent.set(++this.#pings, this.#time.steady());
    this.#sent.delete(this.#pings - 2n * BigInt(samplesKept));
    return create(PingSchema, { id: this.#pings, clientTime: timestampOf(this.#local()) });
  }

  /** restart begins the measurements of a new connection. The estimate stays until there is a better one; the very first is Welcome's. */
  restart(welcome: Welcome): void {
    const told = msOf(welcome.serverTime);
    if (this.#best.roundTrip === 0 && told !== undefined) {
      this.#best = { offset: told - this.#local(), roundTrip: 0 };
    }
    this.#forget();
  }

  #forget(): void {
    this.#samples = [];
    this.#sent.clear();
  }

  /**
   * check says whether the steady clock and the wall clock have parted, as they do when a machine has slept. Then what was measured is worth
   * nothing; until it is measured anew the wall clock is believed to have run on.
   */
  check(): boolean {
    const base = this.#time.wall() - this.#time.steady();
    if (Math.abs(base - this.#base) < jumpMs) {
      return false;
    }
    this.#base = base;
    this.#forget();
    return true;
  }

  /** pong takes a measurement. */
  pong(pong: Pong): void {
    const now = this.#time.steady();
    const sent = this.#sent.get(pong.id);
    if (sent === undefined || pong.receivedTime === undefined || pong.sentTime === undefined) {
      return;
    }
    this.#sent.delete(pong.id);
    const received = msOf(pong.receivedTime);
    const answered = msOf(pong.sentTime);
    const offset = ((received - this.#base - sent) + (answered - this.#base - now)) / 2;
    const roundTrip = Math.max(0.001, now - sent - (answered - received));
    this.#samples = [...this.#samples.slice(1 - samplesKept), { offset, roundTrip }];
    this.#best = this.#samples.reduce((best, sample) => sample.roundTrip < best.roundTrip ? sample : best);
  }
}
