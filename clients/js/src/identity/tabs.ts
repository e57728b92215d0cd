/** How long other tabs of this browser have to answer, in ms. One that is frozen doesn't, and has no say. */
export const answerMs = 200;

/** The channel on which the tabs of one origin speak. */
const channelName = "singoff";

/** Note is what tabs say to each other: who is there? me. */
interface Note {
  readonly kind: "ask" | "here";
  /** Whose place in which room. */
  readonly place: string;
  /** Of the one who says it. */
  readonly from: string;
  /** here: to whom. */
  readonly to?: string;
}

/** Channel is a BroadcastChannel, as far as it is used. */
export interface Channel {
  onmessage: ((event: MessageEvent) => void) | null;
  postMessage(message: unknown): void;
  close(): void;
}

/** openChannel is a BroadcastChannel; undefined where there is none, or it is forbidden. */
export function openChannel(): Channel | undefined {
  try {
    return typeof BroadcastChannel === "undefined" || typeof document === "undefined" ? undefined : new BroadcastChannel(channelName);
  } catch {
    return undefined;
  }
}

/**
 * Place is one tab's claim to a person's place in a room. Tabs don't take it from each other by themselves: ask tells whether another one has
 * it. When two ask at the same moment, the smaller name goes first. It listens from ask or take until leave.
 */
export class Place {
  readonly #openChannel: () => Channel | undefined;
  readonly #place: string;
  readonly #name: string;
  #channel: Channel | undefined;
  #state: "none" | "asking" | "held" = "none";
  #refused: () => void = () => undefined;

  constructor(openChannel: () => Channel | undefined, place: string, name: string) {
    this.#openChannel = openChannel;
    this.#place = place;
    this.#name = name;
  }

  /** ask takes the place, unless another tab says within answerMs that it has it: then false. */
  async ask(): Promise<boolean> {
    this.#listen();
    if (this.#channel === undefined) {
      return true;
    }
    this.#state = "asking";
    const free = new Promise<boolean>((resolve) => {
      const timer = setTimeout(() => { resolve(true); }, answerMs);
      this.#refused = () => {
        clearTimeout(timer);
        resolve(false);
      };
    });
    this.#say({ kind: "ask", place: this.#place, from: this.#name });
    const got = await free;
    this.#state = got ? "held" : "none";
    return got;
  }

  /** take takes the place without asking: a person said so. */
  take(): void {
    this.#listen();
    this.#state = "held";
  }

  /** leave gives the place up, and ends listening. */
  leave(): void {
    this.#state = "none";
    this.#channel?.close();
    this.#channel = undefined;
  }

  #listen(): void {
    if (this.#channel === undefined) {
      this.#channel = this.#openChannel();
      if (this.#channel !== undefined) {
        this.#channel.onmessage = (event) => { this.#hear(event.data); };
      }
    }
  }

  #hear(data: unknown): void {
    const note = data as Partial<Note> | null;
    if (note?.place !== this.#place || typeof note.from !== "string" || note.from === this.#name) {
      return;
    }
    const asking = this.#state === "asking";
    const first = this.#state === "held" || (asking && this.#name < note.from);
    // Whoever asks after this one may not have heard it ask: an ask that goes first says no, as an answer does.
    if (asking && (note.kind === "ask" ? !first : note.kind === "here" && note.to === this.#name)) {
      this.#refused();
    } else if (note.kind === "ask" && first) {
      this.#say({ kind: "here", place: this.#place, from: this.#name, to: note.from });
    }
  }

  #say(note: Note): void {
    try {
      this.#channel?.postMessage(note);
    } catch {
      // The channel is closed: so is the page.
    }
  }
}
