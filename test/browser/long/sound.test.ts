import { chromium, type Browser, type Page } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { enter, executablePath } from "../stand/browser.ts";
import { pulse, sampleRate, type Pulse } from "../stand/pulse.ts";
import { serve, type Server } from "../stand/server.ts";
import { heard, listenIn, quantile } from "../sync-heard.ts";
import { slowNet } from "../sync-net.ts";
import { pickSong } from "../sync-pick.ts";
import { makeSongs, type Songs } from "../sync-songs.ts";
import { lag } from "./correlate.ts";

/** For how long is listened, in s; each is measured for itself. */
const listenFor = Number(process.env["SINGOFF_SOUND_SECONDS"] ?? 20);

let sound: Pulse;
let songs: Songs;
let server: Server;
const browsers: Browser[] = [];
beforeAll(async () => {
  sound = await pulse();
  songs = makeSongs([{ name: "Tester - Noise", seconds: 400, sound: "noise" }]);
  server = await serve("--songs", songs.folder);
});
afterAll(async () => {
  await Promise.all(browsers.map((browser) => browser.close()));
  await server.stop();
  await sound.stop();
  songs.remove();
});

/** A browser of its own with a loudspeaker of its own, in which somebody takes a seat. */
async function listener(loudspeaker: "left" | "right", url: string, name: string, role: "Sing" | "Watch"): Promise<Page> {
  const browser = await chromium.launch({
    executablePath,
    env: sound.env(loudspeaker),
    ignoreDefaultArgs: ["--mute-audio"],
    args: ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--autoplay-policy=no-user-gesture-required"],
  });
  browsers.push(browser);
  const context = await browser.newContext({ locale: "en-GB", reducedMotion: "reduce" });
  context.setDefaultTimeout(120_000);
  await listenIn(context);
  return enter(context, url, { name, role });
}

const middle = (values: number[]) => quantile(values, 0.5);
const sounds = (page: Page) => expect.poll(async () => (await heard(page)).offset, { timeout: 120_000 }).toBeDefined();

test.each(["direct", "150 ± 50 ms"])("two browsers' loudspeakers, %s", async (way) => {
  const net = way === "direct" ? undefined : await slowNet(server.url, { least: 100, most: 200 });
  const room = net === undefined ? "near" : "far";
  const left = await listener("left", `${server.url}/room/${room}`, "Mina", "Sing");
  const right = await listener("right", `${net?.url ?? server.url}/room/${room}`, "Dan", "Watch");
  await pickSong(left, "Noise");
  await left.getByRole("button", { name: "Start my song" }).click();
  await Promise.all([left, right].map(sounds));
  await new Promise((resolve) => setTimeout(resolve, 10_000));

  const shown: number[] = [];
  const recording = sound.record(listenFor);
  for (const end = Date.now() + listenFor * 1000; Date.now() < end; ) {
    const [l, r] = (await Promise.all([left, right].map(heard))).map(({ offset }) => offset ?? NaN) as [number, number];
    shown.push(l - r); // who is further ahead is heard earlier
    await new Promise((resolve) => setTimeout(resolve, 250));
  }
  const { left: a, right: b } = await recording;

  const lags = Array.from({ length: Math.floor(a.length / sampleRate) }, (_, s) =>
    lag(a.subarray(s * sampleRate, (s + 1) * sampleRate), b.subarray(s * sampleRate, (s + 1) * sampleRate), sampleRate, 200),
  ).filter(({ alike }) => alike > 0.5);
  const ms = lags.map((l) => l.ms);
  console.info(
    `${way}, ${lags.length} of ${listenFor} s alike: right later than left by sound ${middle(ms).toFixed(1)} ms (p95 of its size ${quantile(ms.map(Math.abs), 0.95).toFixed(1)}), ` +
      `by currentTime ${middle(shown).toFixed(1)} ms (p95 ${quantile(shown.map(Math.abs), 0.95).toFixed(1)}); the difference is ${(middle(ms) - middle(shown)).toFixed(1)} ms`,
  );
  expect(lags.length, "seconds in which both loudspeakers play the same").toBeGreaterThan(listenFor / 4);
  expect(Math.abs(middle(ms)), "a page that doesn't follow the room is off by more").toBeLessThan(200);
  await Promise.all(browsers.splice(0).map((browser) => browser.close()));
  await net?.close();
});
