import type { BrowserContext, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { Client, NowPlaying_State, Role, type Room } from "../../clients/js/src/index.ts";
import { enter, useBrowser } from "./stand/browser.ts";
import { serve, type Server } from "./stand/server.ts";
import { heard, listenIn } from "./sync-heard.ts";
import { slowNet } from "./sync-net.ts";
import { sit, trackId } from "./sync-people.ts";
import { pickSong } from "./sync-pick.ts";
import { makeSongs, type Songs } from "./sync-songs.ts";

const browser = useBrowser("--autoplay-policy=no-user-gesture-required");
let songs: Songs;
let server: Server;
beforeAll(async () => {
  songs = makeSongs([{ name: "Tester - Long tone", seconds: 900, lyrics: "[00:00.10]the first line\n[14:00.00]the last line\n" }]);
  server = await serve("--songs", songs.folder);
});
afterAll(async () => {
  await server.stop();
  songs.remove();
});

/** A song that plays, its singer, and a watcher's page. */
async function battle(room: string, { url = server.url, prepare }: { url?: string; prepare?: (context: BrowserContext) => Promise<unknown> } = {}) {
  const people = await sit(server.url, room, { Mina: Role.SINGER });
  const mina = people.get("Mina") as Room;
  await mina.pick(await trackId(server.url, "Long tone"));
  const context = await browser.context();
  await listenIn(context);
  await prepare?.(context);
  const page = await enter(context, `${url}/room/${room}`, { name: "Dan", role: "Watch" });
  await mina.start();
  await sounds(page);
  return { mina, page };
}

const sounds = (page: Page) => expect.poll(async () => (await heard(page)).offset).toBeDefined();
const isSilent = (page: Page) => expect.poll(async () => (await heard(page)).offset).toBeUndefined();

async function state(room: string): Promise<NowPlaying_State | undefined> {
  const { rooms } = await new Client({ baseUrl: server.url }).rooms.list();
  return rooms.find((r) => r.roomId === room)?.nowPlaying?.state;
}

test("a loudspeaker that is late is allowed for, up to half a second each way, with a click to set it", async () => {
  const { mina, page } = await battle("late", {
    prepare: (context) =>
      context.addInitScript(() => {
        const counted = window as unknown as { clicks: number };
        counted.clicks = 0;
        const { start } = OscillatorNode.prototype;
        OscillatorNode.prototype.start = function (when?: number) {
          counted.clicks++;
          start.call(this, when);
        };
      }),
  });
  const clicks = () => page.evaluate(() => (window as unknown as { clicks: number }).clicks);
  const offset = async () => (await heard(page)).offset ?? NaN;
  await new Promise((resolve) => setTimeout(resolve, 3000)); // until it is about where it belongs
  const before = await offset();
  await page.getByRole("button", { name: "Sound on this device" }).click();
  const delay = page.getByRole("slider", { name: "My loudspeaker is late by" });
  for (const [key, ms] of [["End", 500], ["Home", -500]] as const) {
    await delay.press(key);
    await page.getByText(`${ms} ms`, { exact: true }).waitFor();
    await expect.poll(async () => Math.abs((await offset()) - before - ms)).toBeLessThan(200);
  }
  expect(await clicks()).toBe(0);
  await page.getByRole("button", { name: "Click", exact: true }).click();
  await expect.poll(clicks).toBeGreaterThanOrEqual(2);
  await page.locator(".light.lit").waitFor({ state: "attached" });
  await page.getByRole("button", { name: "Stop clicking" }).click();
  await page.locator(".light.lit").waitFor({ state: "detached" });
  await page.reload();
  await page.getByRole("button", { name: "Sound on this device" }).click();
  await page.getByText("-500 ms", { exact: true }).waitFor();
  mina.close();
});

test("the device shows the song, and its pause silences this device alone", async () => {
  const { mina, page } = await battle("session", {
    prepare: (context) =>
      context.addInitScript(() => {
        const kept = window as unknown as { asked: Record<string, () => void> };
        kept.asked = {};
        const { setActionHandler } = MediaSession.prototype;
        MediaSession.prototype.setActionHandler = function (action, handler) {
          kept.asked[action] = handler as () => void;
          setActionHandler.call(this, action, handler);
        };
      }),
  });
  const press = (action: string) => page.evaluate((name) => (window as unknown as { asked: Record<string, () => void> }).asked[name]!(), action);
  const shown = () => page.evaluate(() => [navigator.mediaSession.metadata?.title, navigator.mediaSession.metadata?.artist, navigator.mediaSession.playbackState]);
  await expect.poll(shown).toEqual(["Long tone", "Tester", "playing"]);
  await press("pause");
  await isSilent(page);
  await page.getByText("Silent on this device").waitFor();
  expect(await shown()).toEqual(["Long tone", "Tester", "paused"]);
  expect(await state("session"), "the room's song goes on").toBe(NowPlaying_State.PLAYING);
  await press("play");
  await sounds(page);
  await mina.stop();
  await expect.poll(shown).toEqual([undefined, undefined, "none"]);
  mina.close();
});

describe("the screen", () => {
  // Phones went dark in the middle of timed lyrics, since nobody touches them.
  test("is kept on while a song plays, and only then", async () => {
    const { mina, page } = await battle("awake", {
      prepare: (context) =>
        context.addInitScript(() => {
          const kept = window as unknown as { locks: number };
          kept.locks = 0;
          Object.defineProperty(navigator, "wakeLock", {
            value: {
              request() {
                kept.locks++;
                const lock = new EventTarget();
                return Promise.resolve(
                  Object.assign(lock, {
                    release() {
                      kept.locks--;
                      lock.dispatchEvent(new Event("release"));
                      return Promise.resolve();
                    },
                  }),
                );
              },
            },
          });
        }),
    });
    const locks = () => page.evaluate(() => (window as unknown as { locks: number }).locks);
    await expect.poll(locks).toBe(1);
    await mina.pause();
    await expect.poll(locks).toBe(0);
    await mina.resume();
    await expect.poll(locks).toBe(1);
    await mina.stop();
    await expect.poll(locks).toBe(0);
    mina.close();
  });

  test("may go dark where browsers keep no screen on; the song plays", async () => {
    const { mina, page } = await battle("dark", {
      prepare: (context) => context.addInitScript(() => Object.defineProperty(navigator, "wakeLock", { value: undefined })),
    });
    await sounds(page);
    mina.close();
  });

  test("of a phone that is turned sideways shows the line being sung, and what was there when it is turned back", async () => {
    const page = await enter(await browser.context(), `${server.url}/room/turned`, { name: "Mina", role: "Sing" });
    await pickSong(page, "Long tone");
    await page.getByRole("button", { name: "Start my song" }).click();
    const singing = page.getByRole("dialog", { name: "Singing view" });
    await page.setViewportSize({ width: 844, height: 390 });
    await singing.getByText("the first line").waitFor();
    const box = (await singing.getByText("the first line").boundingBox())!;
    expect(box.height, "letters to be read at arm's length").toBeGreaterThan(40);
    await singing.getByRole("button", { name: "Back" }).click();
    await singing.waitFor({ state: "detached" });
    await page.setViewportSize({ width: 390, height: 844 });
    await page.setViewportSize({ width: 844, height: 390 });
    await singing.waitFor();
    await page.setViewportSize({ width: 390, height: 844 });
    await singing.waitFor({ state: "detached" });
    await page.getByRole("log").waitFor();
  });
});

test("a net so slow that nobody can tell the time over it is told, calmly", async () => {
  const net = await slowNet(server.url, { least: 280, most: 320 });
  const { mina, page } = await battle("slow", { url: net.url });
  await page.getByText("The net is slow here").waitFor();
  mina.close();
  await net.close();
});
