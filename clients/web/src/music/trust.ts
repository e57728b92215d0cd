/** Why what is heard here may not be in time with the room: the net is too slow to tell the time, a clock runs badly, or the device can't keep up. */
export type Doubt = "net" | "clock" | "device";

/** What is known at a moment. Times are in ms. */
export interface Evidence {
  /** The shortest way to the server and back: the room's clock is known to half of it. 0: not measured. */
  roundTrip: number;
  /** How often the clocks of server and device were seen to part so far. */
  partings: number;
  /** How far what is heard is ahead of the song; undefined: nothing is heard. */
  skewMs: number | undefined;
}

/** Half a second there and back may hide an error of a quarter: everybody hears that. */
const slowNetMs = 500;
/** A clock that was set once is all right again; one that parts as often within this time isn't. */
const partingsAtLeast = 3;
const partingsWithinMs = 60_000;
/** Further off than this two devices in one room are an echo. */
const farOffMs = 120;
/** A doubt must last this long to be told, and be gone this long to be taken back: nobody is alarmed by a moment. */
const tellAfterMs = 8000;
const takeBackAfterMs = 4000;

/** Trust tells when what is heard can't be trusted to be in time. It is pure: time comes in with each look. */
export class Trust {
  #told: Doubt | undefined;
  #seen: Doubt | undefined;
  #seenSince = -Infinity;
  #partings: number[] = []; // when
  #known: number | undefined;

  /** Takes in what is known now; gives what is to be told; undefined: nothing. */
  look(evidence: Evidence, atMs: number): Doubt | undefined {
    const seen = this.#doubt(evidence, atMs);
    if (seen !== this.#seen) {
      this.#seen = seen;
      this.#seenSince = atMs;
    }
    if (atMs - this.#seenSince >= (seen === undefined ? takeBackAfterMs : tellAfterMs)) {
      this.#told = seen;
    }
    return this.#told;
  }

  #doubt({ roundTrip, partings, skewMs }: Evidence, atMs: number): Doubt | undefined {
    const more = Math.max(0, partings - (this.#known ?? partings)); // another room counts anew
    this.#known = partings;
    this.#partings = [...this.#partings, ...Array<number>(more).fill(atMs)].filter((at) => atMs - at < partingsWithinMs);
    if (skewMs === undefined) {
      return undefined; // what isn't heard isn't out of time
    }
    if (this.#partings.length >= partingsAtLeast) {
      return "clock";
    }
    if (roundTrip > slowNetMs) {
      return "net";
    }
    return Math.abs(skewMs) > farOffMs ? "device" : undefined;
  }
}
