import type { Page } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { find, library, serveLibrary } from "./library.ts";
import { enter, useBrowser } from "./stand/browser.ts";
import { serve, type Server } from "./stand/server.ts";

/** A folder made by test/library, to be served instead: SINGOFF_LIBRARY=DIR. Then what is found is looked at by its number alone. */
const folder = process.env["SINGOFF_LIBRARY"];
const count = 50_000;
const songs = library(count);

const browser = useBrowser();
let server: Server;
beforeAll(async () => {
  server = await serve(...(folder === undefined ? [] : ["--songs", folder]));
});
afterAll(() => server.stop());

/** Begins to count what kept the page from answering for more than 50 ms; the call that it gives tells it, in ms, and begins anew. */
async function longTasks(page: Page): Promise<() => Promise<number[]>> {
  await page.evaluate(() => {
    const tasks: number[] = [];
    Object.assign(window, { tasks });
    new PerformanceObserver((list) => list.getEntries().forEach(({ duration }) => tasks.push(duration))).observe({ type: "longtask" });
  });
  return () => page.evaluate(() => (window as unknown as { tasks: number[] }).tasks.splice(0).map(Math.round));
}

test.each(["Cards", "List"])("50,000 songs are scrolled, searched while composing and found by initial consonants: %s", async (look) => {
  const context = await browser.context({ viewport: { width: 1440, height: 900 } });
  const served = folder === undefined ? await serveLibrary(context, songs) : undefined;
  const page = await enter(context, `${server.url}/room/library-${look}`, { name: "미나", role: "Sing" });
  await page.getByRole("button", { name: "Choose a song" }).click();
  await page.getByRole("button", { name: look, exact: true }).click();
  const told = page.getByRole("dialog").getByRole("status");
  await told.getByText(`${count} songs`).waitFor();
  const tasks = await longTasks(page);
  const cells = page.getByRole("gridcell");
  const drawn: number[] = [];

  // To the end of what is loaded, again and again, faster than any hand.
  const rows = async () => Number(await page.getByRole("row").last().getAttribute("aria-rowindex"));
  const grid = page.getByRole("grid");
  const far = look === "Cards" ? 500 : 2000;
  for (let i = 0; i < 200 && (await rows()) < far; i++) {
    await grid.evaluate((box) => new Promise((seen) => {
      box.scrollTop = box.scrollHeight;
      requestAnimationFrame(() => requestAnimationFrame(seen));
    }));
    drawn.push(await cells.count());
  }
  expect(await rows()).toBeGreaterThanOrEqual(far);
  const scrolling = await tasks();
  expect(Math.max(...drawn), "songs drawn at once").toBeLessThan(120);

  // Each step of a syllable finds what is visible.
  const search = page.getByRole("searchbox");
  await search.focus();
  const keyboard = await context.newCDPSession(page);
  const wanted = songs.find(({ title }) => /^[가-힣]/.test(title))!.title.slice(0, 1);
  const [initial = "", vowel = ""] = [...wanted.normalize("NFD")];
  for (const text of [String.fromCodePoint("ㄱㄲㄴㄷㄸㄹㅁㅂㅃㅅㅆㅇㅈㅉㅊㅋㅌㅍㅎ".codePointAt(initial.codePointAt(0)! - 0x1100)!), (initial + vowel).normalize("NFC"), wanted]) {
    await keyboard.send("Input.imeSetComposition", { text, selectionStart: 1, selectionEnd: 1 });
    expect(await search.inputValue()).toBe(text);
  }
  if (served !== undefined) {
    const found = find(songs, wanted);
    await told.getByText(`${found.length} ${found.length === 1 ? "song" : "songs"}`, { exact: true }).waitFor();
    await cells.first().filter({ hasText: found[0]!.title }).waitFor();
    expect(served.asked.at(-1)).toBe(wanted);
  } else {
    await expect.poll(() => told.innerText()).toMatch(/^\d{1,4} songs?$/);
  }
  await keyboard.send("Input.insertText", { text: wanted });
  const composing = await tasks();

  await search.fill("ㅊㅁㄱ");
  if (served !== undefined) {
    const found = find(songs, "ㅊㅁㄱ");
    await told.getByText(`${found.length} songs`, { exact: true }).waitFor();
    await cells.first().filter({ hasText: found[0]!.title }).waitFor();
  } else {
    await expect.poll(() => told.innerText()).toMatch(/^\d{1,3} songs?$/);
  }
  expect(await cells.count()).toBeLessThan(120);
  console.info(`${look}: tasks of more than 50 ms while scrolling [${scrolling.join()}], composing [${composing.join()}], by consonants [${(await tasks()).join()}]`);
});
