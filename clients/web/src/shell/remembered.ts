import { customRef, type Ref } from "vue";

/** A text that this browser remembers, if it may; each value that isn't allowed is the first one. */
export function remembered<T extends string>(name: string, fallback: T, allowed: (value: string) => value is T): Ref<T> {
  const key = `singoff.page.${name}`;
  let value = fallback;
  try {
    const kept = localStorage.getItem(key);
    if (kept !== null && allowed(kept)) {
      value = kept;
    }
  } catch {
    // a browser that keeps nothing forgets with the page
  }
  return customRef<T>((track, trigger) => ({
    get() {
      track();
      return value;
    },
    set(next) {
      value = next;
      try {
        localStorage.setItem(key, next);
      } catch {
        // as above
      }
      trigger();
    },
  }));
}

/** Allows any text up to a length. */
export function upTo(length: number): (value: string) => value is string {
  return (value): value is string => value.length <= length;
}

/** Allows the given words. */
export function oneOf<T extends string>(...words: T[]): (value: string) => value is T {
  return (value): value is T => (words as string[]).includes(value);
}
