import { describe, expect, test } from "vitest";
import { loadPart, type PartBrowser } from "@/shell/part";

/** A browser whose server answers after so many questions; `log` is what was done. */
function browser(answersAfter = 0) {
  const log: string[] = [];
  const kept = new Map<string, string>();
  let asked = 0;
  let reloaded = () => {};
  const told = {
    log,
    at: 1e6,
    anew: new Promise<void>((resolve) => (reloaded = resolve)),
    memory: { getItem: (key: string) => kept.get(key) ?? null, setItem: (key: string, value: string) => void kept.set(key, value) },
    reachable: () => Promise.resolve(++asked > answersAfter),
    reload() {
      log.push("reload");
      reloaded();
    },
    wait(ms: number) {
      log.push(`${ms} ms`);
      return Promise.resolve();
    },
    now: (): number => told.at,
  } satisfies PartBrowser & Record<string, unknown>;
  return told;
}

const lost = () => Promise.reject(new TypeError("Failed to fetch dynamically imported module"));

describe("a part of the page", () => {
  test("that comes is used", async () => {
    const here = browser();
    expect(await loadPart(() => Promise.resolve("part"), here)).toBe("part");
    expect(here.log).toEqual([]);
  });

  test("that doesn't come is waited for until the server answers; the browser's own error page is never shown", async () => {
    const here = browser(6);
    void loadPart(lost, here);
    await here.anew;
    expect(here.log).toEqual(["500 ms", "1000 ms", "2000 ms", "4000 ms", "8000 ms", "8000 ms", "reload"]);
  });

  test("that doesn't come however often the page is loaded anew fails, and is tried again later", async () => {
    const here = browser();
    for (let i = 0; i < 3; i++) {
      void loadPart(lost, here);
      await expect.poll(() => here.log.length).toBe(i + 1);
    }
    await expect(loadPart(lost, here)).rejects.toThrow("Failed to fetch");
    here.at += 61_000;
    void loadPart(lost, here);
    await expect.poll(() => here.log.length).toBe(4);
  });

  test("fails at once in a browser that keeps nothing", async () => {
    const here = browser();
    here.memory.getItem = () => {
      throw new DOMException("no", "SecurityError");
    };
    await expect(loadPart(lost, here)).rejects.toThrow("Failed to fetch");
    expect(here.log).toEqual([]);
  });
});
