import { create } from "@bufbuild/protobuf";
import { PingSchema, type Ping, type Pong, type Welcome } from "../protocol.js";
import { msOf, timestampOf, type TimeSource } from "../time.js";
import { Bounds, type Reading } from "./bounds.js";

/** Pings whose answer is waited for. */
const mostUnanswered = 64;
/** The clock is well known when its error is at most this, in ms. */
const goodMs = 10;
/** jumpMs: the steady clock has stood still (a sleeping machine) or the wall clock was set, if they differ by more than before. */
const jumpMs = 250;

/** ServerClock is the server's clock, as a Room knows it. */
export interface ServerClock {
  /** The server's clock less this machine's wall clock, in ms. */
  readonly offset: number;
  /**
   * The shortest way to the server and the shortest way back, together, in ms: the error is at most half of it, and much less unless one way is always
   * slower than the other. 0: only a Welcome has told the time so far, or nothing.
   */
  readonly roundTrip: number;
  /** How often the server's clock and this machine's were seen to part: one of them was set, or runs badly. */
  readonly partings: number;
  /** The server's clock, in ms since 1970, estimated. */
  now(): number;
}

/**
 * Clock measures the server's clock, by Bounds, against one that starts at this machine's wall clock and then runs by its steady clock, so that
 * setting the wall clock moves nothing.
 */
export class Clock implements ServerClock {
  readonly #time: TimeSource;
  #base: number; // wall less steady
  #known: Reading = { offset: 0, roundTrip: 0 };
  readonly #bounds = new Bounds();
  #pings = 0n;
  readonly #sent = new Map<bigint, number>(); // pings without an answer: when, by the steady clock

  constructor(time: TimeSource) {
    this.#time = time;
    this.#base = time.wall() - time.steady();
  }

  get offset(): number { return this.now() - this.#time.wall(); }
  get roundTrip(): number { return this.#known.roundTrip; }
  get partings(): number { return this.#bounds.partings; }
  now(): number { return this.#local() + this.#known.offset; }
  /** Whether more measurements would tell nothing that can be heard. */
  get good(): boolean { return this.#known.roundTrip > 0 && this.#known.roundTrip / 2 <= goodMs; }

  /** local is the clock that offsets are measured against. */
  #local(): number { return this.#base + this.#time.steady(); }

  /** ping makes the next measurement's Ping. */
  ping(): Ping {
    this.#sent.set(++this.#pings, this.#time.steady());
    this.#sent.delete(this.#pings - BigInt(mostUnanswered));
    return create(PingSchema, { id: this.#pings, clientTime: timestampOf(this.#local()) });
  }

  /** restart begins the measurements of a new connection. What was known stays until something else is surer; the very first is Welcome's. */
  restart(welcome: Welcome): void {
    const told = msOf(welcome.serverTime);
    if (this.#known.roundTrip === 0 && told !== undefined) {
      this.#known = { offset: told - this.#local(), roundTrip: 0 };
    }
    this.#bounds.reconnect(this.#local());
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
    this.#bounds.forget();
    this.#sent.clear();
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
    const measurement = {
      sent: this.#base + sent, received: msOf(pong.receivedTime), answered: msOf(pong.sentTime), arrived: this.#base + now,
    };
    this.#bounds.take(measurement);
    this.#known = this.#bounds.at(measurement.arrived) ?? this.#known;
  }
}
