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
const sung = `Math.max(...[...window.sounds].map((s) => (s.paused ? -1 : s.currentTime)), -1)`;

async function seat(url: string, name: string, role: "Sing" | "Watch"): Promise<Tab> {
  const tab = await engine!.tab();
  await tab.go(url);
  // Elements that play, to see where they are.
  await tab.run(`(() => { window.sounds = new Set(); const { play } = HTMLMediaElement.prototype; HTMLMediaElement.prototype.play = function () { window.sounds.add(this); return play.call(this); }; })()`);
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
