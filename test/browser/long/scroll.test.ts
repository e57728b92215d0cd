import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { loadavg, tmpdir } from "node:os";
import { join } from "node:path";
import type { CDPSession, Page } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { enter, useBrowser } from "../stand/browser.ts";
import { root } from "../stand/paths.ts";
import { serve, type Server } from "../stand/server.ts";

const count = 50_000;
/** A library of test/library, if there is one already: SINGOFF_LIBRARY=DIR. */
const given = process.env["SINGOFF_LIBRARY"];
/** Where CPU profiles are written, for Chromium's developer tools: SINGOFF_PROFILES=DIR. */
const profiles = process.env["SINGOFF_PROFILES"];
const folder = given ?? mkdtempSync(join(tmpdir(), "singoff-library-"));

const browser = useBrowser("!--hide-scrollbars");
let server: Server;
beforeAll(async () => {
  if (given === undefined) {
    execFileSync("go", ["run", "./test/library", "-out", folder, "-songs", String(count)], { cwd: root, stdio: "inherit" });
  }
  server = await serve("--songs", folder);
}, 600_000);
afterAll(async () => {
  await server?.stop();
  if (given === undefined) {
    rmSync(folder, { recursive: true, force: true });
  }
});

const rest = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

interface Stage {
  page: Page;
  session: CDPSession;
}

/** How the songs are gone through, each as a person does. */
const ways: Record<string, (stage: Stage) => Promise<void>> = {
  async wheel({ page }) {
    const box = (await page.getByRole("grid").boundingBox())!;
    await page.mouse.move(box.x + box.width / 2, box.y + box.height / 2);
    for (let i = 0; i < 240; i++) {
      await page.mouse.wheel(0, i < 200 ? 240 : -600);
      await rest(16);
    }
  },
  async scrollbar({ page }) {
    const grid = page.getByRole("grid");
    const box = (await grid.boundingBox())!;
    const x = box.x + box.width - 5;
    for (let round = 0; round < 3; round++) {
      await grid.evaluate((e) => (e.scrollTop = 0));
      await rest(100);
      await page.mouse.move(x, box.y + 20);
      await page.mouse.down();
      for (let i = 0; i <= 60; i++) {
        await page.mouse.move(x, box.y + 20 + ((box.height - 40) * i) / 60);
        await rest(16);
      }
      for (let i = 30; i >= 0; i--) {
        await page.mouse.move(x, box.y + 20 + ((box.height - 40) * i) / 30);
        await rest(16);
      }
      await page.mouse.up();
    }
  },
  async typing({ page }) {
    const search = page.getByRole("searchbox");
    for (const text of ["night rain", "ㅊㅁ", "love"]) {
      await search.focus();
      await search.pressSequentially(text, { delay: 150 });
      await rest(600);
      await search.fill("");
      await rest(600);
    }
  },
};

test.each([
  ["Cards", 1440, 1], ["List", 1440, 1],
  ["Cards", 360, 4], ["List", 360, 4],
] as const)("50,000 songs in %s at %d pixels, the processor slowed %d times", async (look, width, slowed) => {
  const context = await browser.context({ viewport: { width, height: 900 }, reducedMotion: "no-preference" });
  const page = await enter(context, `${server.url}/room/scroll-${look}-${width}`, { name: "미나", role: "Sing" });
  await page.getByRole("button", { name: "Choose a song" }).click();
  await page.getByRole("button", { name: look, exact: true }).click();
  await page.getByRole("dialog").getByRole("status").getByText(`${count} songs`).waitFor({ timeout: 300_000 });
  await rest(1000);
  const session = await context.newCDPSession(page);
  await session.send("Emulation.setCPUThrottlingRate", { rate: slowed });
  for (const [way, go] of Object.entries(ways)) {
    if (profiles !== undefined) {
      await session.send("Profiler.enable");
      await session.send("Profiler.setSamplingInterval", { interval: 500 });
      await session.send("Profiler.start");
    }
    let furthest = 0;
    const tasks = await browser.tasks(page, async () => {
      await go({ page, session });
      furthest = Number(await page.getByRole("row").last().getAttribute("aria-rowindex"));
      await rest(500);
    });
    const over = (what: "took" | "processor") => tasks.map((task) => Math.round(task[what])).filter((ms) => ms > 50).sort((a, b) => b - a);
    const most = Math.max(...tasks.map(({ processor }) => processor));
    const sum = tasks.reduce((all, { processor }) => all + processor, 0);
    expect(tasks.length, "tasks seen").toBeGreaterThan(0);
    console.info(`${look}, ${width} pixels, ${slowed}x, ${way}: ${over("took").length} of ${tasks.length} tasks took more than 50 ms [${over("took").slice(0, 12).join()}], ` +
      `${over("processor").length} more than 50 ms of processor time, at most ${most.toFixed(0)} ms, ${(sum / 1000).toFixed(1)} s in all; to row ${furthest}, load ${loadavg()[0]!.toFixed(1)}`);
    if (profiles !== undefined) {
      const { profile } = await session.send("Profiler.stop");
      writeFileSync(join(profiles, `${look}-${width}-${slowed}-${way}.cpuprofile`), JSON.stringify(profile));
    }
  }
  expect(await page.getByRole("gridcell").count()).toBeLessThan(120);
});
