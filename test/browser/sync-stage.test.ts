import { mkdirSync } from "node:fs";
import { join } from "node:path";
import type { Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { Reaction_Kind, Role, Vote_Choice, type Room } from "../../clients/js/src/index.ts";
import { enter, say, useBrowser } from "./stand/browser.ts";
import { pictures } from "./stand/paths.ts";
import { serve, type Server } from "./stand/server.ts";
import { heard, listenIn, untouchedShows } from "./sync-heard.ts";
import { sit, trackId } from "./sync-people.ts";
import { makeSongs, type Songs } from "./sync-songs.ts";

const patience = 240_000; // ms: a machine that does much else is slow
const tv = { width: 1920, height: 1080 };

const browser = useBrowser("--autoplay-policy=document-user-activation-required");
let songs: Songs;
let server: Server;
beforeAll(async () => {
  mkdirSync(pictures, { recursive: true });
  songs = makeSongs([
    { name: "네온 골목 - 금요일의 불빛", seconds: 200, lyrics: "[00:01.00]금요일 밤의 불빛 아래 우리는\n[00:09.00]끝나지 않을 노래를 부른다\n[00:60.00]집으로\n" },
    { name: "Lantern Row - Paper Boats", seconds: 200 },
  ]);
  server = await serve("--songs", songs.folder);
});
afterAll(async () => {
  await server.stop();
  songs.remove();
});

async function screen(room: string, colorScheme: "dark" | "light" = "dark"): Promise<Page> {
  const context = await browser.context({ viewport: tv, colorScheme });
  await listenIn(context);
  const page = await context.newPage();
  await page.goto(`${server.url}/stage/${room}`);
  return page;
}

const sounds = (page: Page) => expect.poll(async () => (await heard(page)).offset, { timeout: 20_000 }).toBeDefined();

/** The smallest letters on a page, in pixels of its height. */
function smallestText(page: Page): Promise<number> {
  return page.evaluate(() => {
    const walker = document.createTreeWalker(document.querySelector(".screen")!, NodeFilter.SHOW_TEXT);
    let least = Infinity;
    for (let node = walker.nextNode(); node !== null; node = walker.nextNode()) {
      const element = node.parentElement!;
      if (node.textContent?.trim() && element.closest(".unseen") === null && element.getClientRects().length > 0) {
        least = Math.min(least, parseFloat(getComputedStyle(element).fontSize));
      }
    }
    return least;
  });
}

describe("the big screen", { timeout: patience }, () => {
  // It needed an admin's log-in and a desktop browser, so that the evening's own scenario failed.
  test("opens in a full room without a seat, a name or a mouse, shows all of it and plays, after one key of a remote", async () => {
    const people = await sit(server.url, "full", {
      Mina: Role.SINGER, 준호: Role.SINGER, Dan: Role.WATCHER, Eve: Role.WATCHER, Fay: Role.WATCHER, Gil: Role.WATCHER, Hao: Role.WATCHER, Ida: Role.WATCHER,
    });
    const [mina, jun, dan] = ["Mina", "준호", "Dan"].map((name) => people.get(name)!) as [Room, Room, Room];
    await jun.pick(await trackId(server.url, "Paper Boats"));
    await mina.pick(await trackId(server.url, "금요일의 불빛"));
    await mina.start();
    const page = await screen("full");
    await untouchedShows(page, "Press any key");
    await page.getByText("6 watching").waitFor();
    expect((await heard(page)).offset).toBeUndefined();
    await page.keyboard.press("Enter");
    await sounds(page);
    expect(await page.getByText("Press any key").count()).toBe(0);
    await page.getByText("Next: 준호 with Paper Boats").waitFor();
    await dan.vote(mina.state.selfId, Vote_Choice.UP);
    await dan.say("go Mina! 파이팅");
    await mina.say("떨린다 ㅋㅋ");
    await dan.say("to you alone", jun.state.selfId);
    await page.getByRole("img", { name: "Mina 100 to 준호 0" }).waitFor();
    await page.getByText("떨린다 ㅋㅋ").waitFor();
    expect(await page.getByText("to you alone").count()).toBe(0);
    await page.getByRole("img", { name: "The way into this room" }).waitFor();
    await page.getByText(`${new URL(server.url).host}/room/full`).waitFor();
    for (const theme of ["dark", "light"] as const) {
      await page.emulateMedia({ colorScheme: theme });
      await page.locator(`.v-theme--${theme}`).first().waitFor();
      dan.react(mina.state.selfId, Reaction_Kind.CLAP, 5);
      await page.locator(".cheer").first().waitFor();
      await page.screenshot({ path: join(pictures, `stage-${theme}.png`) });
    }
    expect(await smallestText(page), "readable from four metres: letters of 24 of 1080 pixels at least").toBeGreaterThanOrEqual(24);
    expect(await page.evaluate(() => [document.documentElement.scrollWidth, document.documentElement.scrollHeight])).toEqual([tv.width, tv.height]);
    await mina.pause();
    await expect.poll(async () => (await heard(page)).offset, { timeout: 15_000 }).toBeUndefined();
    people.forEach((room) => room.close());
  });

  test("is steered by a remote's arrows: loudness, and day or night", async () => {
    const people = await sit(server.url, "keys", { Mina: Role.SINGER });
    const page = await screen("keys");
    await page.getByText("Mina").first().waitFor();
    await page.keyboard.press("ArrowDown");
    await page.getByText("Loudness 90 %").waitFor();
    const shade = () => page.evaluate(() => document.querySelector(".v-theme--light") !== null);
    const before = await shade();
    await page.keyboard.press("ArrowRight");
    await expect.poll(shade).toBe(!before);
    await page.screenshot({ path: join(pictures, "stage-waiting.png") });
    people.forEach((room) => room.close());
  });

  test("stands in the browser of a member without taking the member's place", async () => {
    const context = await browser.context();
    const mina = await enter(context, `${server.url}/room/same`, { name: "Mina", role: "Sing" });
    const page = await context.newPage();
    await page.goto(`${server.url}/stage/same`);
    await page.getByText("Mina").first().waitFor();
    await say(mina, "still here");
    await page.getByText("still here").waitFor();
    expect(await mina.getByRole("log").count()).toBe(1);
  });
});

describe("a browser that refuses sound", { timeout: patience }, () => {
  // A joiner saw the bar move and heard nothing: the page believed that it was playing.
  test("is told by one button at once; after one tap the song is heard, and later songs need none", async () => {
    const url = `${server.url}/room/refused`;
    const people = await sit(server.url, "refused", { Mina: Role.SINGER });
    const mina = people.get("Mina")!;
    await mina.pick(await trackId(server.url, "금요일의 불빛"));
    const context = await browser.context();
    await listenIn(context);
    const page = await enter(context, url, { name: "Dan", role: "Watch" });
    await mina.start();
    await sounds(page); // whoever took a seat by hand needs no button
    await page.reload(); // now nobody has touched it
    const button = page.getByRole("button", { name: "Tap to hear the song" });
    await untouchedShows(page, "Tap to hear the song");
    expect((await heard(page)).offset).toBeUndefined();
    await button.click();
    await sounds(page);
    expect(await button.count()).toBe(0);
    await mina.stop();
    await mina.pick(await trackId(server.url, "Paper Boats"));
    await expect.poll(async () => (await heard(page)).offset, { timeout: 15_000 }).toBeUndefined();
    await mina.start();
    await sounds(page);
    expect(await button.count()).toBe(0);
    people.forEach((room) => room.close());
  });
});
