import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { enter, say, useBrowser } from "../stand/browser.ts";
import { root } from "../stand/paths.ts";
import { serve, type Server } from "../stand/server.ts";
import { pickSong } from "../sync-pick.ts";

const browser = useBrowser("--autoplay-policy=no-user-gesture-required");
let server: Server;
beforeAll(async () => {
  server = await serve();
});
afterAll(() => server.stop());

// Those that README.md shows: one battle on a computer, on a phone and on the big screen, in the middle of a song.
test("the pictures of the documentation are made anew", async () => {
  const seat = async (name: string, role: "Sing" | "Watch") =>
    enter(await browser.context({ colorScheme: "dark", viewport: { width: 1440, height: 900 } }), `${server.url}/room/friday`, { name, role });
  const mina = await seat("Mina", "Sing");
  const jun = await seat("준호", "Sing");
  const dan = await seat("Dan", "Watch");
  const daeun = await seat("다은", "Watch");
  const eve = await seat("Eve", "Watch");
  const stage = await (await browser.context({ colorScheme: "dark", viewport: { width: 1920, height: 1080 } })).newPage();
  await stage.goto(`${server.url}/stage/friday`);
  await stage.getByText("3 watching").waitFor();

  await pickSong(jun, "금요일의 불빛");
  await say(mina, "안녕하세요! ready when you are");
  await say(jun, "준비됐어요 🎤");
  await say(dan, "go go go");
  await say(daeun, "미나 파이팅!");
  for (const [page, name] of [[dan, "Mina"], [daeun, "Mina"], [eve, "준호"]] as const) {
    await page.getByRole("button", { name: new RegExp(`^Vote for ${name}`) }).click();
  }
  await pickSong(mina, "Second Encore");
  await mina.getByRole("button", { name: "Start my song" }).click();
  await mina.locator(".lyrics .line.active", { hasText: "Someone calls our names again" }).waitFor();
  await mina.mouse.move(0, 899);
  await mina.screenshot({ path: join(root, "docs/page-battle.png") });
  await mina.setViewportSize({ width: 360, height: 740 });
  const fromEnd = () => mina.getByRole("log").evaluate((box) => box.scrollHeight - box.scrollTop - box.clientHeight);
  await expect.poll(fromEnd).toBeLessThan(2);
  await expect.poll(() => mina.locator(".lyrics .box").evaluate((box) => box.querySelector(".active")?.getBoundingClientRect().top ?? 0)).toBeGreaterThan(0);
  await mina.screenshot({ path: join(root, "docs/page-phone.png") });

  await say(dan, "one more!");
  await say(daeun, "앙코르 👏");
  await stage.getByText("앙코르").waitFor();
  for (const page of [dan, daeun, eve]) {
    await page.getByRole("button", { name: "Cheer for Mina", exact: true }).click();
  }
  await stage.locator(".cheer").first().waitFor();
  await stage.screenshot({ path: join(root, "docs/page-stage.png") });
});
