/** Pause is the time between two tries. Times are ms of one clock. */
export class Pause {
  #timer: ReturnType<typeof setTimeout> | undefined;
  #planned: { at: number; notBefore: number } | undefined;
  #over: () => void = () => undefined;

  /** until waits until a time, or as hurry and end say. */
  until({ at, notBefore, now }: { at: number; notBefore: number; now: number }): Promise<void> {
    this.#planned = { at, notBefore };
    return new Promise((resolve) => {
      this.#over = resolve;
      this.#timer = setTimeout(() => { this.end(); }, at - now);
    });
  }

  /** hurry brings the end forward to what earliest gives, but no further than to notBefore. It gives the new end; undefined: nothing has changed. */
  hurry(now: number, earliest: (now: number) => number): number | undefined {
    if (this.#planned === undefined) {
      return undefined;
    }
    const at = Math.max(earliest(now), this.#planned.notBefore);
    if (at >= this.#planned.at) {
      return undefined;
    }
    this.#planned = { ...this.#planned, at };
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => { this.end(); }, at - now);
    return at;
  }

  /** end ends the pause now, if there is one. */
  end(): void {
    clearTimeout(this.#timer);
    this.#planned = undefined;
    this.#over();
  }
}
