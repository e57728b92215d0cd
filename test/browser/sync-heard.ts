import type { BrowserContext, Page } from "playwright-core";
import { expect } from "vitest";

/** What a page's `<audio>` does, as the spy of listenIn sees it. */
export interface Heard {
  /** Where the sound that runs is, in ms, less the machine's clock; undefined: none runs. */
  offset: number | undefined;
  /** How loud it is. */
  volume: number;
  /** Times of the machine's clock at which these were written. */
  rates: number[];
  jumps: number[];
}

interface Spy {
  elements: Set<HTMLMediaElement>;
  rates: number[];
  jumps: number[];
}

declare global {
  interface Window {
    heard: Spy;
  }
}

/** Spies on all sounds of a context's pages: where they are, and what is written to them. */
export async function listenIn(context: BrowserContext): Promise<void> {
  await context.addInitScript(() => {
    const spy: Spy = { elements: new Set(), rates: [], jumps: [] };
    window.heard = spy;
    const media = HTMLMediaElement.prototype;
    const { play } = media;
    media.play = function (this: HTMLMediaElement) {
      spy.elements.add(this);
      return play.call(this);
    };
    const watch = (name: "playbackRate" | "currentTime", into: number[]) => {
      const property = Object.getOwnPropertyDescriptor(media, name)!;
      Object.defineProperty(media, name, {
        ...property,
        set(value: number) {
          into.push(Date.now());
          property.set!.call(this, value);
        },
      });
    };
    watch("playbackRate", spy.rates);
    watch("currentTime", spy.jumps);
  });
}

/** Looks at a page's sound now. */
export function heard(page: Page): Promise<Heard> {
  return page.evaluate(() => {
    const { elements, rates, jumps } = window.heard;
    const running = [...elements].find((e) => !e.paused && !e.ended && e.readyState >= 3 && e.currentTime > 0);
    const offset = running && running.currentTime * 1000 - (performance.timeOrigin + performance.now());
    return { offset, volume: running?.volume ?? 0, rates, jumps };
  });
}

/** Waits until a page shows a text, without touching it: what Playwright looks at itself counts as a person's act for the browser. */
export async function untouchedShows(page: Page, text: string): Promise<void> {
  const session = await page.context().newCDPSession(page);
  const expression = `document.body.innerText.includes(${JSON.stringify(text)})`;
  await expect
    .poll(async () => (await session.send("Runtime.evaluate", { expression, userGesture: false })).result.value as boolean, { timeout: 60_000 })
    .toBe(true);
  await session.detach();
}

/** The value below which a part of the values lies. */
export function quantile(values: number[], part: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(part * sorted.length))] ?? NaN;
}
