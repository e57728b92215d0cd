import type { Sound } from "./sound";

/** What a deck plays: where a track's audio is, and by how much it is louder or quieter than others. */
export interface Source {
  /** Where the audio is. */
  url: string;
  /** By how many decibels it must be made louder to be as loud as others; 0: unknown. */
  gainDb: number;
}

/** A sound with the track that is on it. */
export interface Deck {
  readonly sound: Sound;
  readonly trackId: string;
  /** undefined: still being asked for. */
  source: Source | undefined;
  /** It can't be played: there is no such track, or its audio can't be read. */
  missing: boolean;
}

/** Where a track's audio is; undefined: there is no such track. fresh: don't trust what is known, its URL has just failed. */
export type Find = (trackId: string, fresh: boolean) => Promise<Source | undefined>;

const retryMs = [500, 2000, 8000];

/**
 * Decks hold the few tracks that may be heard next: each is loaded as soon as it is named, on a sound of its own, and stays there. The sounds are
 * made once, so that one person's act opens them all for good.
 */
export class Decks {
  readonly #sounds: Sound[];
  readonly #find: Find;
  readonly #changed: () => void;
  readonly #unsubscribe: (() => void)[];
  #decks: Deck[] = []; // least recently wanted first
  #closed = false;

  constructor(sounds: Sound[], find: Find, changed: () => void) {
    this.#sounds = sounds;
    this.#find = find;
    this.#changed = changed;
    this.#unsubscribe = sounds.map((s) => s.onChange(() => this.#soundChanged(s)));
  }

  /** The deck of a track that is loaded, or being so. */
  get(trackId: string): Deck | undefined {
    return this.#decks.find((d) => d.trackId === trackId);
  }

  /** Loads a track, unless it is there already. What was wanted longest ago makes room. */
  want(trackId: string): Deck {
    const known = this.get(trackId);
    if (known !== undefined) {
      this.#decks = [...this.#decks.filter((d) => d !== known), known];
      return known;
    }
    const deck: Deck = { sound: this.#freeSound(), trackId, source: undefined, missing: false };
    this.#decks.push(deck);
    void this.#load(deck, 0);
    return deck;
  }

  /** Makes use of a person's act for every sound; tells whether it was one. */
  async bless(): Promise<boolean> {
    return (await Promise.all(this.#sounds.map((s) => s.bless()))).every((allowed) => allowed);
  }

  /** Pauses all but one. */
  silence(except: Sound | undefined): void {
    this.#sounds.filter((s) => s !== except && s.running).forEach((s) => s.pause());
  }

  close(): void {
    this.#closed = true;
    this.#unsubscribe.forEach((stop) => stop());
    this.#sounds.forEach((s) => s.release());
    this.#decks = [];
  }

  #freeSound(): Sound {
    const used = new Set(this.#decks.map((d) => d.sound));
    const free = this.#sounds.find((s) => !used.has(s));
    if (free !== undefined) {
      return free;
    }
    const oldest = this.#decks.shift() as Deck;
    oldest.sound.pause();
    return oldest.sound;
  }

  #holds(deck: Deck): boolean {
    return !this.#closed && this.#decks.includes(deck);
  }

  /** Looks a track up and loads it; a server that can't be asked at the moment is asked again. */
  async #load(deck: Deck, tries: number): Promise<void> {
    try {
      const source = await this.#find(deck.trackId, tries > 0);
      if (!this.#holds(deck)) {
        return;
      }
      deck.source = source;
      deck.missing = source === undefined;
      if (source !== undefined) {
        deck.sound.load(source.url);
      }
    } catch {
      this.#retry(deck, tries);
    }
    this.#changed();
  }

  #retry(deck: Deck, tries: number): void {
    const wait = retryMs[tries];
    if (wait === undefined) {
      deck.missing = this.#holds(deck);
      return;
    }
    setTimeout(() => {
      if (this.#holds(deck)) {
        void this.#load(deck, tries + 1);
      }
    }, wait);
  }

  #soundChanged(sound: Sound): void {
    const deck = this.#decks.find((d) => d.sound === sound);
    if (deck?.source !== undefined && sound.broken) {
      const failed = this.#failures.get(deck) ?? 0;
      this.#failures.set(deck, failed + 1);
      deck.source = undefined;
      this.#retry(deck, failed);
    }
    this.#changed();
  }

  /** How often the audio of a deck has failed. */
  readonly #failures = new WeakMap<Deck, number>();
}
