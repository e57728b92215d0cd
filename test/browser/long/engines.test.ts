import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import type { Engine, Tab } from "../stand/engine.ts";
import { firefox } from "../stand/firefox.ts";
import { pulse, type Pulse } from "../stand/pulse.ts";
import { serve, type Server } from "../stand/server.ts";
import { webkit } from "../stand/webkit.ts";
import { makeSongs, type Songs } from "../sync-songs.ts";

let sound: Pulse;
let env: NodeJS.ProcessEnv;
let songs: Songs;
let server: Server;
beforeAll(async () => {
  sound = await pulse();
  env = { ...sound.env("left"), LANG: "en_GB.UTF-8", LANGUAGE: "en_GB" };
  songs = makeSongs([{ name: "Tester - Long tone", seconds: 600 }]);
  server = await serve("--songs", songs.folder);
});
afterAll(async () => {
  await server?.stop();
  songs?.remove();
  await sound?.stop();
});

let engine: Engine | undefined;
afterEach(() => engine?.close());

const enter = "\uE007";
/** For how long writes to a settled song are counted, in s. */
const settledFor = Number(process.env["SINGOFF_SETTLED_SECONDS"] ?? 180);
const settlesIn = 20_000; // ms

/** Spies on elements that play, and on what is written to them. */
const spy = `(() => {
  window.sounds = new Set();
  window.writes = { playbackRate: 0, currentTime: 0 };
  const media = HTMLMediaElement.prototype;
  const { play } = media;
  media.play = function () { window.sounds.add(this); return play.call(this); };
  for (const name of Object.keys(window.writes)) {
    const property = Object.getOwnPropertyDescriptor(media, name);
    Object.defineProperty(media, name, { ...property, set(value) { window.writes[name]++; property.set.call(this, value); } });
  }
})()`;
interface Writes {
  playbackRate: number;
  currentTime: number;
}
const sung = `Math.max(...[...window.sounds].map((s) => (s.paused ? -1 : s.currentTime)), -1)`;

async function seat(url: string, name: string, role: "Sing" | "Watch"): Promise<Tab> {
  const tab = await engine!.tab();
  await tab.go(url);
  await tab.run(spy);
  await tab.fill("Your name", name);
  await tab.press(`^${role}`);
  await tab.until(`document.querySelector("[role=log]")`, "the battle is shown");
  return tab;
}

async function say(tab: Tab, text: string): Promise<void> {
  await tab.fill("Say something", text);
  await tab.keys(enter);
}

describe.each([
  ["Firefox ESR", () => firefox(env)],
  ["WebKitGTK", () => Promise.resolve(webkit(env))],
] as const)("the main battle in %s", (name, launch) => {
  test("two sing and one watches: seats, chat, a song that all hear, votes, a reload", async () => {
    engine = await launch();
    const url = `${server.url}/room/${name.split(" ")[0]}`;
    const mina = await seat(url, "Mina", "Sing");
    const jun = await seat(url, "Jun", "Sing");
    const dan = await seat(url, "Dan", "Watch");
    console.info(`${name}: ${await mina.run<string>("navigator.userAgent")}`);
    await say(mina, "hello from Mina");
    await say(dan, "안녕 from Dan");
    for (const tab of [mina, jun, dan]) {
      await tab.shows("hello from Mina");
      await tab.shows("안녕 from Dan");
    }

    await mina.press("^(Choose a|Another) song$");
    await mina.until(`document.querySelector("[role=searchbox], input[type=search]")`, "the picker is open");
    await mina.until(`document.querySelector("[role=gridcell]")`, "a song is listed");
    await mina.run(`document.querySelector("[role=searchbox], input[type=search]").focus()`);
    await mina.keys("Long tone");
    await mina.shows("1 song");
    await mina.keys(enter);
    await mina.press("Start my song");
    for (const tab of [mina, jun, dan]) {
      await tab.until(`${sung} > 0.5`, "the song is heard");
    }
    await new Promise((resolve) => setTimeout(resolve, 5000));
    const at = await Promise.all(
      [mina, jun, dan].map((tab) => tab.run<number>(`${sung} * 1000 - (performance.timeOrigin + performance.now())`)),
    );
    console.info(`${name}: three pages are ${(Math.max(...at) - Math.min(...at)).toFixed(1)} ms apart, by currentTime`);

    // Where a change of speed is heard as a crack, drift was corrected by one every few hundred milliseconds.
    await new Promise((resolve) => setTimeout(resolve, settlesIn));
    const written = () => Promise.all([mina, jun, dan].map((tab) => tab.run<Writes>("window.writes")));
    const before = await written();
    expect(before.every(({ currentTime }) => currentTime > 0), "the joining was seen by the spy").toBe(true);
    await new Promise((resolve) => setTimeout(resolve, settledFor * 1000));
    const since = (await written()).map((now, i) => ({ rates: now.playbackRate - before[i]!.playbackRate, seeks: now.currentTime - before[i]!.currentTime }));
    console.info(`${name}: in ${settledFor} s of settled play, on three pages: ${since.map(({ rates, seeks }) => `${rates} changes of rate, ${seeks} seeks`).join("; ")}`);
    if (name === "WebKitGTK") {
      expect(since.map(({ rates }) => rates), "changes of rate, which are heard there").toEqual([0, 0, 0]);
    }

    await dan.press("^Vote for Mina");
    for (const tab of [mina, jun, dan]) {
      await tab.until(`document.querySelector(".tug").getAttribute("aria-label") === "Who leads: Mina 100%, Jun 0%"`, "Mina leads");
    }

    await jun.go(url);
    await jun.until(`document.querySelector("[role=log]")`, "Jun is back");
    await say(jun, "back in my seat");
    for (const tab of [mina, dan]) {
      await tab.shows("back in my seat");
    }
    expect(await jun.run<boolean>(`document.body.innerText.includes("Take a seat")`)).toBe(false);
  });
});
