/** What loading a part of the page needs of the browser. */
export interface PartBrowser {
  /** Whether the server answers. */
  reachable(): Promise<boolean>;
  /** Loads the page anew. */
  reload(): void;
  wait(ms: number): Promise<void>;
  /** Where the times of reloads are kept, by a page that is loaded anew too. */
  memory: Pick<Storage, "getItem" | "setItem">;
  now(): number;
}

const firstPauseMs = 500;
const longestPauseMs = 8000;
/** As many reloads for the sake of a part within this time are enough: another one wouldn't help. */
const mostReloads = 3;
const withinMs = 60_000;
const key = "singoff.page.reloads";

/**
 * Loads a part of the page. If it doesn't come, the net broke, or the server was renewed and has other parts now: as soon as the server answers, the page is
 * loaded anew. (To ask for the part alone again isn't enough: its styles aren't asked for twice.) If that doesn't help, it fails.
 */
export async function loadPart<T>(load: () => Promise<T>, browser: PartBrowser = here()): Promise<T> {
  try {
    return await load();
  } catch (error) {
    if (!mayReload(browser)) {
      throw error;
    }
    for (let pause = firstPauseMs; !(await browser.reachable()); pause = Math.min(2 * pause, longestPauseMs)) {
      await browser.wait(pause);
    }
    browser.reload();
    return new Promise<never>(() => undefined); // the page ends
  }
}

function mayReload({ memory, now }: PartBrowser): boolean {
  try {
    const lately = (memory.getItem(key) ?? "").split(" ").map(Number).filter((at) => at > now() - withinMs);
    memory.setItem(key, [...lately, now()].join(" "));
    return lately.length < mostReloads;
  } catch {
    return false; // a browser that keeps nothing might load for ever
  }
}

function here(): PartBrowser {
  return {
    reachable: () => fetch(location.href, { method: "HEAD", cache: "no-store" }).then((answer) => answer.ok, () => false),
    reload: () => location.reload(),
    wait: (ms) => new Promise((resolve) => setTimeout(resolve, ms)),
    memory: sessionStorage,
    now: () => Date.now(),
  };
}
