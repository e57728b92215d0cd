import type { Deck, Source } from "./decks";
import { Drift } from "./drift";
import type { Moment } from "./position";
import { Recent } from "./recent";

/** What a turn is told by its player. */
export interface TurnContext {
  /** The room's song as it is now. */
  aim(): Moment;
  /** The server's clock, in ms. */
  now(): number;
  /** How much earlier than the room this device plays, in ms. */
  aheadMs: number;
  /** How late a start is heard on this device, in ms; the turn learns it. */
  latency: { ms: number };
  /** There are only rare seeks: see DriftConfig. */
  seekOnly: boolean;
  /** A start was refused. */
  refused(reason: unknown): void;
  /** Something has changed. */
  changed(): void;
}

const firstAheadMs = 350; // a song that runs already is set this far ahead, and started when the room gets there
const mostAheadMs = 2000;
const lateMs = 100; // a cue that the room has passed by this much is set anew
const restartMs = 1000; // from a start until it is believed that somebody else has paused the song
const farMs = 60_000; // nothing is scheduled that lies further ahead

/**
 * Turn plays one move of the room's song on a deck: it sets the song where it will be, starts it at the moment, and corrects how it drifts. A song
 * that runs already is set a little ahead and started when the room gets there: so however long a jump takes, it is in time.
 */
export class Turn {
  readonly deck: Deck;
  readonly #context: TurnContext;
  readonly #drift: Drift;
  readonly #errors = new Recent(10, 1500);
  #stage: "cued" | "waiting" | "started" = "cued";
  #cueMs = -1; // the position it was set to; below 0: none yet
  #source: Source | undefined; // what it was set on
  #leadMs = firstAheadMs;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #startedAt = -Infinity;
  #judgeStart = false;

  constructor(deck: Deck, context: TurnContext) {
    this.deck = deck;
    this.#context = context;
    this.#drift = new Drift({ seekOnly: context.seekOnly });
  }

  /** How far what is heard is ahead of the song, in ms; undefined: nothing is heard, or not for long enough. */
  get skewMs(): number | undefined {
    return this.#stage === "started" && this.#errors.count >= 3 ? this.#errors.median : undefined;
  }

  /** Ends what is under way. */
  stop(): void {
    clearTimeout(this.#timer);
    if (this.deck.sound.running) {
      this.deck.sound.pause();
    }
    this.#stage = "cued";
    this.#cueMs = -1;
    this.#errors.clear();
  }

  /** Lets the song stand where it will go on. */
  hold(moment: Moment): void {
    this.#lookAtSource();
    if (this.#stage === "started") {
      this.stop();
    }
    if (this.#stage === "cued") {
      this.#cue(moment.positionMs + Math.max(0, this.#context.aheadMs));
    }
  }

  /** Starts at the moment that is counted down to. */
  count(moment: Moment): void {
    if (this.#stage !== "started") {
      this.hold(moment);
      this.#schedule(moment);
    }
  }

  /** The song runs: joins it, or corrects how it drifts. */
  keepUp(moment: Moment): "loading" | "starting" | "playing" {
    const { sound } = this.deck;
    this.#lookAtSource();
    if (this.#stage === "started" && !sound.running && this.#context.now() - this.#startedAt > restartMs) {
      this.stop(); // a call, a headset
    }
    if (this.#stage === "started") {
      return this.#correct(moment);
    }
    if (this.#stage === "cued" && this.deck.source !== undefined) {
      this.#join(moment);
    }
    return sound.ready ? "starting" : "loading";
  }

  /** What was loaded anew stands at its beginning. */
  #lookAtSource(): void {
    if (this.#source !== this.deck.source) {
      this.stop();
      this.#source = this.deck.source;
    }
  }

  #cue(positionMs: number): void {
    if (this.#cueMs === positionMs || this.deck.source === undefined) {
      return;
    }
    const { sound } = this.deck;
    this.#cueMs = positionMs;
    if (Math.abs(sound.positionMs - positionMs) > 1) {
      sound.positionMs = positionMs;
    }
  }

  /** How long until play must be called for the cue to be heard in time, in ms. */
  #untilPlay(moment: Moment): number {
    return this.#cueMs - this.#context.aheadMs - moment.positionMs + moment.startsInMs - this.#context.latency.ms;
  }

  #join(moment: Moment): void {
    const { sound } = this.deck;
    const waits = sound.seeking || !sound.ready;
    if (this.#cueMs >= 0 && this.#untilPlay(moment) < -lateMs) {
      if (waits && this.#leadMs >= mostAheadMs) {
        return; // what takes that long to load is waited for where it is
      }
      this.#cueMs = -1;
      this.#leadMs = waits ? Math.min(mostAheadMs, this.#leadMs * 2) : firstAheadMs;
    }
    if (this.#cueMs < 0) {
      this.#cue(moment.positionMs + this.#context.aheadMs + this.#context.latency.ms + this.#leadMs);
    }
    this.#schedule(moment);
  }

  #schedule(moment: Moment): void {
    const { sound } = this.deck;
    const until = this.#untilPlay(moment);
    if (this.#stage !== "cued" || this.#cueMs < 0 || !sound.ready || sound.seeking || until > farMs) {
      return;
    }
    this.#stage = "waiting";
    this.#timer = setTimeout(() => this.#start(), Math.max(0, until));
  }

  #start(): void {
    // The clock may have been corrected meanwhile, or the timer be late.
    const until = this.#untilPlay(this.#context.aim());
    if (until < -lateMs * 3 || until > lateMs) {
      this.#stage = "cued";
      this.#cueMs = -1;
      this.#context.changed();
      return;
    }
    this.#stage = "started";
    this.#startedAt = this.#context.now();
    this.#judgeStart = Math.abs(until) < 20;
    this.#errors.clear();
    this.#drift.restart();
    this.#ordinaryRate();
    this.deck.sound.play().then(this.#context.changed, (reason: unknown) => {
      if (this.#stage === "started") {
        this.stop();
        this.#context.refused(reason);
      }
    });
  }

  #correct(moment: Moment): "loading" | "starting" | "playing" {
    const { sound } = this.deck;
    if (sound.seeking || !sound.ready) {
      return "loading";
    }
    if (!sound.running || sound.positionMs <= this.#cueMs) {
      return "starting";
    }
    const error = sound.positionMs - moment.positionMs - this.#context.aheadMs;
    const at = this.#context.now();
    this.#errors.add(error, at);
    this.#learnStart();
    const correction = this.#drift.observe(error, at);
    if (correction.kind === "rate") {
      sound.rate = correction.rate;
    } else if (correction.kind === "seek") {
      this.#errors.clear();
      this.#judgeStart = false;
      sound.positionMs = Math.max(0, moment.positionMs + this.#context.aheadMs + correction.leadMs);
      this.#ordinaryRate();
    }
    return "playing";
  }

  #ordinaryRate(): void {
    if (this.deck.sound.rate !== 1) {
      this.deck.sound.rate = 1;
    }
  }

  /** Compares when a start was heard with when it should have been. */
  #learnStart(): void {
    const error = this.#errors.count < 4 ? undefined : this.#errors.median;
    if (!this.#judgeStart || error === undefined) {
      return;
    }
    this.#judgeStart = false;
    if (Math.abs(error) < 300) {
      this.#context.latency.ms = Math.min(500, Math.max(0, this.#context.latency.ms - error * 0.7));
    }
  }
}
