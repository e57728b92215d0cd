import { seconds } from "@/music/position";
import type { Sound } from "@/music/sound";
import { NowPlaying_State, type NowPlaying } from "@singoff/client/protocol";

/** Makes the room's song: a track of lengthMs whose position is positionMs at startsAtMs. */
export function song(
  trackId: string,
  { state = NowPlaying_State.PLAYING, positionMs = 0, startsAtMs = 0, lengthMs = 180_000 } = {},
): NowPlaying {
  return {
    $typeName: "singoff.v1.NowPlaying",
    singerMemberId: "m1",
    track: {
      $typeName: "singoff.v1.Track",
      trackId,
      title: trackId,
      artist: "",
      duration: { $typeName: "google.protobuf.Duration", ...seconds(lengthMs) },
    },
    state,
    position: { $typeName: "google.protobuf.Duration", ...seconds(positionMs) },
    startsAt: { $typeName: "google.protobuf.Timestamp", ...seconds(startsAtMs) },
  };
}

/** A sound that behaves as Chromium's: starts are heard late, jumps take a while, and its crystal differs from the clock's. */
export class FakeSound implements Sound {
  url = "";
  ready = false;
  seeking = false;
  broken = false;
  volume = 1;
  /** What was written, by name. */
  writes: { what: "rate" | "position" | "play" | "pause"; value: number; atMs: number }[] = [];
  /** How late a start is heard, how long a jump takes, and how long loading does, in ms. */
  startMs = 85;
  seekMs = 80;
  loadMs = 50;
  /** By how much its crystal is faster, as a part. */
  skew = 0;
  /** What the browser's clock of the sound is uncertain by, in ms. */
  noise: () => number = () => 0;
  /** The browser wants a person's act. */
  locked = false;
  #rate = 1;
  #anchorMs = 0; // position at #since
  #since: number | undefined; // since when it moves
  #running = false;
  #listeners = new Set<() => void>();
  #generation = 0;

  get running(): boolean {
    return this.#running;
  }

  get rate(): number {
    return this.#rate;
  }

  set rate(rate: number) {
    this.#note("rate", rate);
    this.#anchorMs = this.#exact();
    this.#since = this.#since === undefined ? undefined : Math.max(this.#since, Date.now());
    this.#rate = rate;
  }

  get positionMs(): number {
    const exact = this.#exact();
    return exact === this.#anchorMs ? exact : exact + this.noise();
  }

  set positionMs(ms: number) {
    this.#note("position", ms);
    this.#anchorMs = ms;
    if (!this.ready) {
      return; // where it will stand once it is loaded
    }
    this.seeking = true;
    this.#since = this.#since === undefined ? undefined : Date.now() + this.seekMs;
    this.#later(this.seekMs, () => (this.seeking = false));
  }

  load(url: string): void {
    this.url = url;
    this.ready = false;
    this.broken = false;
    this.#anchorMs = 0;
    this.#since = undefined;
    this.#later(this.loadMs, () => (this.ready = true));
  }

  play(): Promise<void> {
    this.#note("play", this.#anchorMs);
    if (this.locked) {
      return Promise.reject(new DOMException("play() failed because the user didn't interact", "NotAllowedError"));
    }
    this.#running = true;
    this.#since = Date.now() + this.startMs;
    return Promise.resolve();
  }

  pause(): void {
    this.#note("pause", this.#exact());
    this.#anchorMs = this.#exact();
    this.#since = undefined;
    this.#running = false;
  }

  bless(): Promise<boolean> {
    return Promise.resolve(!this.locked);
  }

  onChange(changed: () => void): () => void {
    this.#listeners.add(changed);
    return () => this.#listeners.delete(changed);
  }

  release(): void {
    this.url = "";
    this.#running = false;
  }

  /** The audio can't be read. */
  fail(): void {
    this.broken = true;
    this.ready = false;
    this.#tell();
  }

  /** What is written of a kind since atMs. */
  written(what: "rate" | "position" | "play" | "pause", sinceMs = 0): number[] {
    return this.writes.filter((w) => w.what === what && w.atMs >= sinceMs).map((w) => w.value);
  }

  #exact(): number {
    if (this.#since === undefined || Date.now() < this.#since) {
      return this.#anchorMs;
    }
    return this.#anchorMs + (Date.now() - this.#since) * this.#rate * (1 + this.skew);
  }

  #note(what: "rate" | "position" | "play" | "pause", value: number): void {
    this.writes.push({ what, value, atMs: Date.now() });
  }

  #later(ms: number, then: () => void): void {
    const generation = ++this.#generation;
    setTimeout(() => {
      if (generation === this.#generation) {
        then();
        this.#tell();
      }
    }, ms);
  }

  #tell(): void {
    this.#listeners.forEach((l) => l());
  }
}
