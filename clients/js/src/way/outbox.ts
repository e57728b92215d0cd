/** Outbox is a queue that one reader takes from as an async iterable. It ends when its signal does. */
export class Outbox<T> implements AsyncIterable<T> {
  readonly #items: T[] = [];
  readonly #signal: AbortSignal;
  #wake: () => void = () => undefined;

  constructor(signal: AbortSignal) {
    this.#signal = signal;
    signal.addEventListener("abort", () => { this.#wake(); }, { once: true });
  }

  /** push adds an item at the end. */
  push(item: T): void {
    this.#items.push(item);
    this.#wake();
  }

  /** take removes up to so many items that are there already. */
  take(most: number): T[] {
    return this.#items.splice(0, most);
  }

  /** ready waits until there is an item; false: the signal has ended. */
  async ready(): Promise<boolean> {
    while (this.#items.length === 0 && !this.#signal.aborted) {
      await new Promise<void>((resolve) => { this.#wake = resolve; });
    }
    return !this.#signal.aborted;
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<T, undefined> {
    while (await this.ready()) {
      yield* this.take(1);
    }
    throw this.#signal.reason;
  }
}
