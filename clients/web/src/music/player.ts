import type { NowPlaying } from "@singoff/client/protocol";
import { Decks, type Deck, type Find } from "./decks";
import { momentAt, type Moment } from "./position";
import { wantsAct, type Sound } from "./sound";
import { Turn } from "./turn";

/** What a player needs. */
export interface PlayerConfig {
  /** The server's clock, in ms since 1970, without jumps. */
  clock: { now(): number };
  /** Where a track's audio is. */
  find: Find;
  /** What sounds: at least two, or nothing can be loaded ahead. */
  sounds: Sound[];
  /** A change of speed can be heard here: drift is corrected by rare seeks alone. Default false. */
  rateIsHeard?: boolean;
}

/** What people may know of the player. */
export interface PlayerState {
  /**
   * idle: nothing is to be heard; counting: it starts in a moment; loading: it isn't here yet; starting; playing; paused: by the singer; silent: here alone;
   * blocked: the browser wants one press of a button; missing: the song can't be played.
   */
  phase: "idle" | "counting" | "loading" | "starting" | "playing" | "paused" | "silent" | "blocked" | "missing";
  /** How far what is heard is ahead of the song (below 0: behind), in ms; undefined: nothing is heard. */
  skewMs: number | undefined;
}

/** How a player is set on this device. */
export interface PlayerSettings {
  /** Nothing is heard here: this device is in the room where another one sounds. */
  silent: boolean;
  /** 0 to 1. */
  volume: number;
  /** How much earlier this device plays, for loudspeakers that are late: -500 to 500 ms. */
  aheadMs: number;
}

/** The largest aheadMs, in ms, to either side. */
export const mostAheadMs = 500;

const tickMs = 100;

/**
 * Player lets this device be heard in time with the room: it follows the room's song, loads it ahead, starts it at the moment agreed on, joins late,
 * and corrects what drifts. It decides by the room's clock at each tick, so nothing that was missed matters.
 */
export class Player {
  readonly #config: PlayerConfig;
  readonly #decks: Decks;
  readonly #listeners = new Set<(state: PlayerState) => void>();
  readonly #latency = { ms: 80 };
  readonly #ticker: ReturnType<typeof setInterval>;
  #settings: PlayerSettings = { silent: false, volume: 1, aheadMs: 0 };
  #now: NowPlaying | undefined;
  #turn: Turn | undefined;
  #blocked = false;
  #asked = false; // whether the browser was asked if it would let this sound
  #blessed = false; // whether all sounds were opened by a person's act
  #state: PlayerState = { phase: "idle", skewMs: undefined };

  constructor(config: PlayerConfig) {
    this.#config = config;
    this.#decks = new Decks(config.sounds, config.find, () => this.#step());
    this.#ticker = setInterval(() => this.#step(), tickMs);
  }

  get state(): PlayerState {
    return this.#state;
  }

  /** How late a start is heard on this device, in ms, as learned. */
  get latencyMs(): number {
    return this.#latency.ms;
  }

  /** Calls back with each change of the state; gives what ends that. */
  on(listener: (state: PlayerState) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Follows the room's song. */
  follow(now: NowPlaying | undefined): void {
    const same = sameMove(this.#now, now);
    this.#now = now;
    if (!same) {
      this.#stop();
      this.#step();
    }
  }

  /** Loads what may be heard next; the song that plays keeps its place. */
  preload(trackIds: readonly string[]): void {
    const playing = this.#now?.track?.trackId;
    const others = trackIds.filter((id) => id !== playing && id !== "").slice(0, this.#config.sounds.length - 1);
    [...others, playing].forEach((id) => id === undefined || this.#decks.want(id));
  }

  /** Sets it on this device. */
  set(settings: Partial<PlayerSettings>): void {
    const before = this.#settings;
    const next = { ...before, ...settings };
    next.aheadMs = Math.min(mostAheadMs, Math.max(-mostAheadMs, next.aheadMs));
    this.#settings = next;
    if (before.silent !== next.silent || before.aheadMs !== next.aheadMs) {
      this.#stop();
    }
    this.#step();
  }

  /** To be called within a person's act: from then on nothing is refused, and what should be heard is. */
  unlock(): void {
    if (!this.#blessed) {
      this.#asked = true;
      void this.#decks.bless().then((allowed) => (this.#blessed ||= allowed));
    }
    if (this.#blocked) {
      this.#blocked = false;
      this.#step();
    }
  }

  /** Ends it. */
  close(): void {
    clearInterval(this.#ticker);
    this.#stop();
    this.#decks.close();
    this.#listeners.clear();
  }

  /** Does what is to be done now. */
  #step(): void {
    this.#publish(this.#decide(this.#aim()));
  }

  #aim(): Moment {
    return momentAt(this.#now, this.#config.clock.now());
  }

  #decide(moment: Moment): PlayerState["phase"] {
    const trackId = this.#now?.track?.trackId;
    if (moment.phase === "none" || trackId === undefined) {
      this.#stop();
      return "idle";
    }
    const deck = this.#decks.want(trackId);
    if (this.#settings.silent || deck.missing) {
      this.#stop();
      return deck.missing ? "missing" : "silent";
    }
    this.#ask(deck);
    return this.#drive(this.#turnOf(deck), moment);
  }

  /** Asks the browser, before there is anything to be heard, whether it would refuse. */
  #ask(deck: Deck): void {
    if (this.#asked) {
      return;
    }
    this.#asked = true;
    void deck.sound.bless().then((allowed) => {
      if (!allowed) {
        this.#refused();
      }
    });
  }

  #refused(): void {
    this.#blocked = true;
    this.#step();
  }

  #turnOf(deck: Deck): Turn {
    if (this.#turn?.deck !== deck) {
      this.#stop();
      this.#decks.silence(deck.sound);
      this.#turn = new Turn(deck, {
        aim: () => this.#aim(),
        now: () => this.#config.clock.now(),
        aheadMs: this.#settings.aheadMs,
        latency: this.#latency,
        seekOnly: this.#config.rateIsHeard ?? false,
        refused: (reason) => (wantsAct(reason) ? this.#refused() : this.#step()),
        changed: () => this.#step(),
      });
    }
    return this.#turn as Turn;
  }

  #drive(turn: Turn, moment: Moment): PlayerState["phase"] {
    this.#level(turn.deck);
    if (moment.phase === "paused") {
      turn.hold(moment);
      return "paused";
    }
    if (this.#blocked && moment.phase !== "over") {
      return "blocked";
    }
    if (moment.phase === "counting") {
      turn.count(moment);
      return "counting";
    }
    return moment.phase === "playing" ? turn.keepUp(moment) : "idle"; // at its end it is let run out
  }

  /** Makes the track as loud as the others. A browser's volume can't go above 1, so what is too quiet stays so. */
  #level(deck: Deck): void {
    const volume = Math.min(1, this.#settings.volume * 10 ** ((deck.source?.gainDb ?? 0) / 20));
    if (Math.abs(deck.sound.volume - volume) > 1e-3) {
      deck.sound.volume = volume;
    }
  }

  #stop(): void {
    this.#turn?.stop();
    this.#turn = undefined;
  }

  #publish(phase: PlayerState["phase"]): void {
    const skewMs = phase === "playing" ? this.#turn?.skewMs : undefined;
    if (phase !== this.#state.phase || skewMs !== this.#state.skewMs) {
      this.#state = { phase, skewMs };
      this.#listeners.forEach((listener) => listener(this.#state));
    }
  }
}

/** Whether two states of the room's song are one and the same move of it. */
function sameMove(a: NowPlaying | undefined, b: NowPlaying | undefined): boolean {
  const told = (now: NowPlaying | undefined) =>
    now &&
    [now.state, now.track?.trackId, now.singerMemberId, now.position?.seconds, now.position?.nanos, now.startsAt?.seconds, now.startsAt?.nanos].join();
  return told(a) === told(b);
}
