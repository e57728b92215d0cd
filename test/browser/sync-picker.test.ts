import { mkdirSync } from "node:fs";
import { join } from "node:path";
import type { Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { enter, useBrowser } from "./stand/browser.ts";
import { pictures } from "./stand/paths.ts";
import { serve, type Server } from "./stand/server.ts";
import { heard, listenIn } from "./sync-heard.ts";
import { pickSong } from "./sync-pick.ts";
import { makeSongs, type Songs } from "./sync-songs.ts";

const patience = 240_000; // ms: a machine that does much else is slow
const many = 300;

const browser = useBrowser();
let songs: Songs;
let server: Server;
beforeAll(async () => {
  mkdirSync(pictures, { recursive: true });
  const others = Array.from({ length: many - 4 }, (_, i) => ({ name: `Choir - Song ${String(i).padStart(3, "0")}`, seconds: 1 }));
  songs = makeSongs([{ name: "산울림 - 청춘", seconds: 90 }, { name: "이문세 - 광화문 연가", seconds: 90 }, { name: "Solo - Tune 1", seconds: 90 }, { name: "Solo - Tune 2", seconds: 90 }, ...others]);
  server = await serve("--songs", songs.folder);
});
afterAll(async () => {
  await server.stop();
  songs.remove();
});

async function singer(room: string, viewport = { width: 1440, height: 900 }): Promise<Page> {
  const context = await browser.context({ viewport });
  await listenIn(context);
  return enter(context, `${server.url}/room/${room}`, { name: "Mina", role: "Sing" });
}

const openPicker = async (page: Page) => {
  await page.getByRole("button", { name: /^(Choose a|Another) song$/ }).click();
  await page.getByText(`${many} songs`).waitFor();
};

describe("the music picker", { timeout: patience }, () => {
  test("shows cards in four, three and two columns, and a list", async () => {
    const page = await singer("columns");
    await openPicker(page);
    const sizes = [
      { width: 1440, height: 900, columns: 4 },
      { width: 768, height: 1024, columns: 3 },
      { width: 360, height: 740, columns: 2 },
    ];
    for (const { columns, ...size } of sizes) {
      await page.setViewportSize(size);
      await expect.poll(() => page.getByRole("row").first().getByRole("gridcell").count()).toBe(columns);
      await page.screenshot({ path: join(pictures, `picker-cards-${size.width}.png`) });
    }
    await page.getByRole("button", { name: "List", exact: true }).click();
    await expect.poll(() => page.getByRole("row").first().getByRole("radio").count()).toBe(1);
    await page.screenshot({ path: join(pictures, "picker-list-360.png") });
  });

  test("turns a card to its artist and length, and lets one listen alone", async () => {
    const page = await singer("flip");
    await openPicker(page);
    await page.getByRole("searchbox").fill("광화문");
    await page.getByText("1 song", { exact: true }).waitFor();
    const cell = page.getByRole("gridcell").first();
    await cell.getByRole("button", { name: /광화문 연가: show more/ }).click();
    await cell.getByText("이문세").waitFor();
    await cell.getByText("1:30").waitFor();
    await page.screenshot({ path: join(pictures, "picker-card-turned.png") });
    await cell.getByRole("button", { name: "Listen alone" }).click();
    await expect.poll(async () => (await heard(page)).offset, { timeout: 15_000 }).toBeDefined();
    expect(await page.getByText("Mina chose").count()).toBe(0);
    await page.keyboard.press("Escape");
    await expect.poll(async () => (await heard(page)).offset).toBeUndefined();
  });

  // The model lagged one syllable behind what was visible while composing.
  test("finds while a syllable is being composed, and an Enter that ends it picks nothing", async () => {
    const page = await singer("compose");
    await openPicker(page);
    await page.getByRole("searchbox").focus();
    const keyboard = await page.context().newCDPSession(page);
    for (const text of ["ㅊ", "처", "청"]) {
      await keyboard.send("Input.imeSetComposition", { text, selectionStart: 1, selectionEnd: 1 });
    }
    await page.getByText("1 song", { exact: true }).waitFor();
    await page.getByRole("gridcell").filter({ hasText: "청춘" }).waitFor();
    await keyboard.send("Input.dispatchKeyEvent", { type: "keyDown", key: "Process", code: "Enter", windowsVirtualKeyCode: 229 });
    await keyboard.send("Input.insertText", { text: "청" });
    expect(await page.getByRole("searchbox").inputValue()).toBe("청");
    expect(await page.getByText("Mina chose").count()).toBe(0);
    await page.keyboard.press("Enter");
    await page.getByText("Mina chose 청춘").waitFor();
  });

  test("finds by initial consonants", async () => {
    const page = await singer("initials");
    await pickSong(page, "광화문");
    await openPicker(page);
    await page.getByRole("searchbox").fill("ㅊㅊ");
    await page.getByText("1 song", { exact: true }).waitFor();
    await page.getByRole("gridcell").filter({ hasText: "청춘" }).waitFor();
  });

  test("is used by the keyboard alone, from the search to a card that is turned", async () => {
    const page = await singer("alone");
    await page.getByRole("button", { name: "Choose a song" }).focus();
    await page.keyboard.press("Enter");
    await page.getByText(`${many} songs`).waitFor();
    expect(await page.evaluate(() => document.activeElement?.getAttribute("type"))).toBe("search");
    await page.keyboard.type("tune");
    await page.getByText("2 songs", { exact: true }).waitFor();
    const focused = () => page.evaluate(() => document.activeElement?.getAttribute("aria-label") ?? document.activeElement?.textContent?.trim());
    for (let i = 0; i < 12 && (await focused()) !== "Tune 1: show more"; i++) {
      await page.keyboard.press("Tab");
    }
    expect(await focused()).toBe("Tune 1: show more");
    await page.keyboard.press("ArrowRight");
    await expect.poll(focused).toBe("Tune 2: show more");
    await page.keyboard.press("Enter");
    await expect.poll(focused).toBe("Listen alone");
    await page.keyboard.press("Enter");
    await expect.poll(async () => (await heard(page)).offset, { timeout: 15_000 }).toBeDefined();
    await page.keyboard.press("Tab");
    expect(await focused()).toBe("Choose");
    await page.keyboard.press("Enter");
    await page.getByText("Mina chose Tune 2").waitFor();
    await expect.poll(async () => (await heard(page)).offset).toBeUndefined();
  });

  test("goes by keys far down the list, fetching as it goes, and draws only those that are seen", async () => {
    const page = await singer("keys");
    await openPicker(page);
    const search = page.getByRole("searchbox");
    for (let i = 0; i < 40; i++) {
      await search.press("PageDown");
    }
    await expect.poll(() => search.getAttribute("aria-activedescendant"), { timeout: 20_000 }).toMatch(/^song-\d{3}$/);
    expect(await page.getByRole("gridcell").count()).toBeLessThan(120);
    await search.press("Enter");
    await page.getByText(/Mina chose/).waitFor();
  });
});
