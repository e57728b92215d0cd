import type { Resume } from "../protocol.js";
import type { Store } from "../identity/store.js";

/** How long passes between two times of keeping, in ms. */
const keepMs = 1_000;

/** Saver keeps where a Room stopped, not more often than once a second. */
export class Saver {
  readonly #store: Store;
  readonly #roomId: string;
  #resume: Resume | undefined;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(store: Store, roomId: string) {
    this.#store = store;
    this.#roomId = roomId;
  }

  /** moved notes the newest event. */
  moved(resume: Resume | undefined): void {
    this.#resume = resume;
    this.#timer ??= setTimeout(() => { this.flush(); }, keepMs);
  }

  /** flush keeps at once what isn't kept yet. */
  flush(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    if (this.#resume !== undefined) {
      this.#store.keep(this.#roomId, this.#resume);
      this.#resume = undefined;
    }
  }
}
