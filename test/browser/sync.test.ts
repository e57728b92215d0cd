import type { Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { Client, msOf } from "../../clients/js/src/index.ts";
import { enter, useBrowser } from "./stand/browser.ts";
import { serve, type Server } from "./stand/server.ts";
import { heard, listenIn, quantile } from "./sync-heard.ts";
import { slowNet } from "./sync-net.ts";
import { pickSong } from "./sync-pick.ts";
import { makeSongs, type Songs } from "./sync-songs.ts";

/** For how long skew is measured, in s; more is asked for when figures are published. */
const measureFor = Number(process.env["SINGOFF_SYNC_SECONDS"] ?? 8);
/**
 * What is asserted, in ms: a page that doesn't follow the room is off by more. On a machine that does nothing else the figures are a tenth of it; they
 * are printed, since processor time that other tests take is heard at once.
 */
const roughly = 200;

/** How long a test may take, in ms: a machine that does much else is slow, and nothing here is about that. */
const patience = 180_000 + 4000 * measureFor;

const browser = useBrowser();
let songs: Songs;
let server: Server;
beforeAll(async () => {
  songs = makeSongs([
    { name: "Tester - Long tone", seconds: 400 },
    { name: "Tester - Other tone", seconds: 150 },
  ]);
  server = await serve("--songs", songs.folder);
});
afterAll(async () => {
  await server.stop();
  songs.remove();
});

async function seat(url: string, name: string, role: "Sing" | "Watch"): Promise<Page> {
  const context = await browser.context();
  await listenIn(context);
  return enter(context, url, { name, role });
}

async function sing(page: Page, title: string): Promise<void> {
  await pickSong(page, title);
  await page.getByRole("button", { name: "Start my song" }).click();
}

/** When the room's song was at its beginning, by the server's clock, in ms. */
async function beginning(room: string): Promise<number> {
  const { rooms } = await new Client({ baseUrl: server.url }).rooms.list();
  const now = rooms.find((r) => r.roomId === room)?.nowPlaying;
  return msOf(now!.startsAt!) - Number(now!.position!.seconds) * 1000 - now!.position!.nanos / 1e6;
}

/** How far each page is ahead of the room's song, again and again. */
async function skews(pages: Page[], room: string, seconds: number): Promise<number[][]> {
  const began = await beginning(room);
  const rounds: number[][] = [];
  for (const end = Date.now() + seconds * 1000; Date.now() < end; ) {
    const all = await Promise.all(pages.map(heard));
    rounds.push(all.map(({ offset }) => (offset === undefined ? NaN : offset + began)));
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
  return rounds;
}

function report(what: string, rounds: number[][]): { spread: number; error: number } {
  const spread = quantile(rounds.map((r) => Math.max(...r) - Math.min(...r)), 0.95);
  const error = quantile(rounds.flat().map(Math.abs), 0.95);
  console.info(`${what}: p95 between pages ${spread.toFixed(1)} ms, p95 off the server's clock ${error.toFixed(1)} ms, ${rounds.length} rounds`);
  return { spread, error };
}

/** A figure is told as it was measured; on a busy machine pages may take their time until they are together. */
async function together(what: string, pages: Page[], room: string): Promise<void> {
  await expect
    .poll(async () => {
      const { spread, error } = report(`${what}, for 2 s`, await skews(pages, room, 2));
      return Math.max(spread, error);
    }, { timeout: 60_000, interval: 500 })
    .toBeLessThan(roughly);
}

const sounds = (page: Page) => expect.poll(async () => (await heard(page)).offset, { timeout: 60_000 }).toBeDefined();

describe("the song on four pages", { timeout: patience }, () => {
  test("is heard at the same moment, and is settled without being touched", async () => {
    const url = `${server.url}/room/near`;
    const pages = await Promise.all([seat(url, "Mina", "Sing"), seat(url, "Jun", "Sing"), seat(url, "Dan", "Watch"), seat(url, "Eve", "Watch")]);
    await sing(pages[0]!, "Long tone");
    await Promise.all(pages.map(sounds));
    await new Promise((resolve) => setTimeout(resolve, 8000));
    const since = Date.now();
    report("direct", await skews(pages, "near", measureFor));
    for (const page of pages) {
      const { rates, jumps } = await heard(page);
      expect([...rates, ...jumps].filter((at) => at > since).length, "writes to a settled song").toBeLessThanOrEqual(measureFor);
    }
    await together("direct", pages, "near");
  });

  test("is heard at the same moment over a net of 150 ± 50 ms", async () => {
    const net = await slowNet(server.url, { least: 100, most: 200 });
    const far = ["Jun", "Dan", "Eve"].map((name) => seat(`${net.url}/room/far`, name, "Watch"));
    const near = await seat(`${server.url}/room/far`, "Mina", "Sing");
    const pages = [near, ...(await Promise.all(far))];
    await sing(near, "Other tone");
    await Promise.all(pages.map(sounds));
    await new Promise((resolve) => setTimeout(resolve, 9000));
    report("150 ± 50 ms", await skews(pages, "far", measureFor));
    await together("150 ± 50 ms", pages, "far");
    await net.close();
  });

  test("is joined in time by who comes late", async () => {
    const url = `${server.url}/room/late`;
    const mina = await seat(url, "Mina", "Sing");
    await sing(mina, "Long tone");
    await sounds(mina);
    const late = await seat(url, "Late", "Watch");
    await sounds(late);
    await new Promise((resolve) => setTimeout(resolve, 1000));
    report("late joiner, 1 s after its first sound", await skews([mina, late], "late", 2));
    await together("late joiner", [mina, late], "late");
  });
});
