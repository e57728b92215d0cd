/** One thing that sounds: an `<audio>` element, seen through what the player needs of it. Times are in ms. */
export interface Sound {
  /** Loads what is at a URL; the sound stands at its beginning then. */
  load(url: string): void;
  /** The URL that was loaded last; empty: none. */
  readonly url: string;
  /** Whether it could play on from where it is, at once. */
  readonly ready: boolean;
  /** Whether a jump is under way. */
  readonly seeking: boolean;
  /** Whether it moves, or would but for what isn't loaded yet. */
  readonly running: boolean;
  /** It can't be played: not found, not understood, or the net broke. */
  readonly broken: boolean;
  /** What is heard now. Setting it jumps. */
  positionMs: number;
  /** 1 is the ordinary speed; the pitch is kept. */
  rate: number;
  /** 0 to 1. */
  volume: number;
  /** Starts. Rejects with a NotAllowedError if the browser wants a person's act first. */
  play(): Promise<void>;
  pause(): void;
  /**
   * Makes no sound and asks whether one is allowed. Within a person's act it is, and later plays need none. While it plays it does nothing.
   */
  bless(): Promise<boolean>;
  /** Calls back whenever one of the above may have changed; gives what ends that. */
  onChange(changed: () => void): () => void;
  /** Lets go of what was loaded. */
  release(): void;
}

const changes = ["canplay", "seeked", "playing", "pause", "waiting", "ended", "error", "loadedmetadata"] as const;

/** Makes a sound of an `<audio>` element. */
export function audioSound(element: HTMLAudioElement = new Audio()): Sound {
  element.preload = "auto";
  element.preservesPitch = true;
  return {
    get url() {
      return element.getAttribute("src") ?? "";
    },
    get ready() {
      return element.readyState >= HTMLMediaElement.HAVE_FUTURE_DATA;
    },
    get seeking() {
      return element.seeking;
    },
    get running() {
      return !element.paused && !element.ended;
    },
    get broken() {
      return element.error !== null;
    },
    get positionMs() {
      return element.currentTime * 1000;
    },
    set positionMs(ms) {
      element.currentTime = ms / 1000;
    },
    get rate() {
      return element.playbackRate;
    },
    set rate(rate) {
      element.playbackRate = rate;
    },
    get volume() {
      return element.volume;
    },
    set volume(volume) {
      element.volume = volume;
    },
    load(url) {
      element.src = url;
      element.load();
    },
    play: () => element.play(),
    pause: () => element.pause(),
    bless: () => bless(element),
    onChange(changed) {
      changes.forEach((name) => element.addEventListener(name, changed));
      return () => changes.forEach((name) => element.removeEventListener(name, changed));
    },
    release() {
      element.pause();
      element.removeAttribute("src");
      element.load();
    },
  };
}

/** Whether a play was refused for want of a person's act; any other reason isn't about that. */
export function wantsAct(reason: unknown): boolean {
  return reason instanceof DOMException && reason.name === "NotAllowedError";
}

/** Play and pause at once leave no sound, and lift what the browser holds against an element that nobody asked for. */
async function bless(element: HTMLAudioElement): Promise<boolean> {
  if (!element.paused) {
    return true;
  }
  const played = element.play();
  element.pause();
  return played.then(
    () => true,
    (reason: unknown) => !wantsAct(reason),
  );
}

/**
 * Whether a change of speed can be heard here: the pitch isn't kept, or the engine is WebKit, which stutters at each change.
 */
export function rateIsHeard(of: { vendor: string } = navigator, prototype: object = HTMLMediaElement.prototype): boolean {
  return !("preservesPitch" in prototype) || of.vendor.startsWith("Apple");
}
