/** The newest values of something measured again and again, by which one bad measurement is outvoted. */
export class Recent {
  #values: { value: number; atMs: number }[] = [];
  readonly #most: number;
  readonly #withinMs: number;

  /** Keeps at most `most` values, none older than withinMs. */
  constructor(most: number, withinMs: number) {
    this.#most = most;
    this.#withinMs = withinMs;
  }

  add(value: number, atMs: number): void {
    this.#values.push({ value, atMs });
    this.#values = this.#values.filter((v) => atMs - v.atMs < this.#withinMs).slice(-this.#most);
  }

  clear(): void {
    this.#values = [];
  }

  get count(): number {
    return this.#values.length;
  }

  /** The middle value; undefined: there is none. */
  get median(): number | undefined {
    const sorted = this.#values.map((v) => v.value).sort((a, b) => a - b);
    const middle = sorted.length >> 1;
    const upper = sorted[middle];
    if (upper === undefined || sorted.length % 2 === 1) {
      return upper;
    }
    return (upper + (sorted[middle - 1] ?? upper)) / 2;
  }
}
