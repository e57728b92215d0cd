import { Recent } from "./recent";

/** How drift is corrected. All times are in ms. */
export interface DriftConfig {
  /** How much of an error is taken away within a second, by playing faster or slower. Default 0.5. */
  gain: number;
  /** The rate stays within 1 ± this. Default 0.06, which keeps the pitch correction inaudible. */
  mostRate: number;
  /** An error within this is none. Default 4. */
  deadBandMs: number;
  /** A settled song is left alone until the error is beyond this. Default 8. */
  leaveBandMs: number;
  /** Below this an error is taken away slowly, by one rate that is held for fineHoldMs. Default 25. */
  fineMs: number;
  /** For how long a rate is kept once the song is nearly right. Default 5,000. */
  fineHoldMs: number;
  /** Beyond this a seek is better than a rate. Default 300. */
  seekBeyondMs: number;
  /** A rate change can be heard here: there are only seeks, and they are rare once the song is nearly right. Default false. */
  seekOnly: boolean;
  /** With seekOnly: an error within this is borne. Default 100. */
  rareSeekBeyondMs: number;
  /** With seekOnly: the least time between two seeks, unless the error is beyond seekBeyondMs. Default 30,000. */
  rareSeekEveryMs: number;
}

/** What suits Chromium and Firefox. */
const driftDefaults: DriftConfig = {
  gain: 0.5,
  mostRate: 0.06,
  deadBandMs: 4,
  leaveBandMs: 8,
  fineMs: 25,
  fineHoldMs: 5000,
  seekBeyondMs: 300,
  seekOnly: false,
  rareSeekBeyondMs: 100,
  rareSeekEveryMs: 30_000,
};

/** What to do about the drift: nothing, another rate, or a seek that lands leadMs further than the song is now. */
export type Correction = { kind: "none" } | { kind: "rate"; rate: number } | { kind: "seek"; leadMs: number };

const none: Correction = { kind: "none" };
const rateStepMs = 500; // a coarse correction looks again after this
const seekPauseMs = 1000; // after a seek, until the next one at the earliest; doubled with each that missed
const longestSeekPauseMs = 30_000;
const measurements = 5;

/**
 * Drift decides how a song that plays gets back to where it should be, from how far it is off. An error is what is heard minus what should be
 * heard: above 0 the song is ahead. It is pure: time comes in with each measurement.
 */
export class Drift {
  readonly #config: DriftConfig;
  readonly #errors = new Recent(measurements, 2000);
  #rate = 1;
  #rateSince = -Infinity;
  #settled = false;
  #seekLatencyMs = 80;
  #soughtAt = -Infinity;
  #missed = 0;
  #judgeSeek = false;

  constructor(config: Partial<DriftConfig> = {}) {
    this.#config = { ...driftDefaults, ...config };
  }

  /** How late a seek lands, as learned. */
  get seekLatencyMs(): number {
    return this.#seekLatencyMs;
  }

  /** The middle of the latest errors; undefined: too few are known. */
  get errorMs(): number | undefined {
    return this.#errors.count < measurements ? undefined : this.#errors.median;
  }

  /** Whether the song is where it should be. */
  get settled(): boolean {
    return this.#settled;
  }

  /** The song was started anew, at its ordinary rate: what was measured before means nothing. */
  restart(): void {
    this.#errors.clear();
    this.#rate = 1;
    this.#rateSince = -Infinity;
    this.#settled = false;
    this.#judgeSeek = false;
  }

  /** Takes in a measurement and says what to do now. What it says is taken as done. */
  observe(errorMs: number, atMs: number): Correction {
    this.#errors.add(errorMs, atMs);
    const error = this.errorMs;
    if (error === undefined) {
      return none;
    }
    this.#learn(error);
    if (this.#config.seekOnly) {
      return this.#rareSeek(error, atMs);
    }
    if (Math.abs(error) > this.#config.seekBeyondMs) {
      return this.#seek(atMs, this.#seekPause());
    }
    this.#missed = 0;
    return this.#steer(error, atMs);
  }

  /** Compares where a seek has landed with where it was aimed at. */
  #learn(error: number): void {
    if (!this.#judgeSeek) {
      return;
    }
    this.#judgeSeek = false;
    this.#missed += 1;
    if (Math.abs(error) < 1000) {
      this.#seekLatencyMs = Math.min(1000, Math.max(0, this.#seekLatencyMs - error * 0.7));
    }
  }

  #seekPause(): number {
    return Math.min(longestSeekPauseMs, seekPauseMs * 2 ** this.#missed);
  }

  #seek(atMs: number, pauseMs: number): Correction {
    if (atMs - this.#soughtAt < pauseMs) {
      return none;
    }
    this.restart();
    this.#soughtAt = atMs;
    this.#judgeSeek = true;
    return { kind: "seek", leadMs: this.#seekLatencyMs };
  }

  #rareSeek(error: number, atMs: number): Correction {
    const { rareSeekBeyondMs, rareSeekEveryMs, seekBeyondMs } = this.#config;
    this.#settled = Math.abs(error) <= rareSeekBeyondMs;
    if (this.#settled) {
      this.#missed = 0;
      return none;
    }
    return this.#seek(atMs, Math.abs(error) > seekBeyondMs ? this.#seekPause() : rareSeekEveryMs);
  }

  #steer(error: number, atMs: number): Correction {
    const { deadBandMs, leaveBandMs, fineMs, fineHoldMs } = this.#config;
    const off = Math.abs(error);
    const held = atMs - this.#rateSince;
    if (off <= deadBandMs) {
      this.#settled = true;
      return this.#rate === 1 || (this.#fine && held < fineHoldMs) ? none : this.#setRate(1, atMs);
    }
    if (off > fineMs) {
      this.#settled = false;
      return held < rateStepMs ? none : this.#setRate(1 - (this.#config.gain * error) / 1000, atMs);
    }
    if (this.#settled && off <= leaveBandMs) {
      return this.#rate === 1 || held < fineHoldMs ? none : this.#setRate(1, atMs);
    }
    // What has just been steered coarsely goes over into the fine rate at once; a fine one is held.
    return this.#fine && held < fineHoldMs ? none : this.#setRate(1 - error / fineHoldMs, atMs);
  }

  /** Whether the rate in use is one for the last few ms, or the ordinary one. */
  get #fine(): boolean {
    return Math.abs(this.#rate - 1) <= this.#config.fineMs / this.#config.fineHoldMs;
  }

  #setRate(wanted: number, atMs: number): Correction {
    const { mostRate } = this.#config;
    const rate = Math.min(1 + mostRate, Math.max(1 - mostRate, Math.round(wanted * 1e4) / 1e4));
    if (rate === this.#rate) {
      return none;
    }
    this.#rate = rate;
    this.#rateSince = atMs;
    this.#errors.clear();
    return { kind: "rate", rate };
  }
}
