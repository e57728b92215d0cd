import type { Page } from "playwright-core";
import { afterAll, beforeAll, expect, onTestFinished, test } from "vitest";
import { enter, expectChat, say, useBrowser, type Guest } from "./stand/browser.ts";
import { lay } from "./stand/cable.ts";
import { serve, type Server } from "./stand/server.ts";
import { pickSong } from "./sync-pick.ts";

const browser = useBrowser();
const phone = { viewport: { width: 360, height: 740 }, hasTouch: true, isMobile: true };
let server: Server;
beforeAll(async () => {
  // What takes half a minute there takes seconds here.
  server = await serve("--hold", "3s");
});
afterAll(() => server.stop());

/** A page on a phone, which can be put to sleep. */
interface Phone {
  page: Page;
  /** Stops it as a phone does behind its locked screen; in Chromium without a window pages can't be frozen, but their processes can. */
  sleep(): Promise<void>;
  /** Wakes it; it is told by the event that a page is told by which was frozen. */
  wake(): Promise<void>;
}

/** Stops a process; false: it has just ended, as those do that a browser keeps in reserve. */
function stop(pid: number): boolean {
  try {
    return process.kill(pid, "SIGSTOP");
  } catch {
    return false;
  }
}

async function pickUp(url: string, guest: Guest): Promise<Phone> {
  const before = new Set(await browser.renderers());
  const page = await enter(await browser.context(phone), url, guest);
  const since = new Set((await browser.renderers()).filter((pid) => !before.has(pid)));
  let stopped: number[] = [];
  const goOn = () => stopped.splice(0).forEach((pid) => process.kill(pid, "SIGCONT"));
  onTestFinished(goOn);
  return {
    page,
    async sleep() {
      stopped = (await browser.renderers()).filter((pid) => since.has(pid) && stop(pid));
      expect(stopped, "processes of the page").not.toEqual([]);
    },
    async wake() {
      goOn();
      await page.evaluate(() => document.dispatchEvent(new Event("resume")));
    },
  };
}

const place = (page: Page, seat: number) => page.getByRole("region", { name: `Place ${seat} on stage` });

// After a phone's lock screen the socket said that it was open, and was dead; fifteen seconds of hold made each switch of apps a departure.
test("a phone that slept comes back to the same seat, within its hold and long after it", async () => {
  const cable = await lay(server.url);
  const first = await pickUp(`${cable.url}/room/sleep`, { name: "미나", role: "Sing" });
  const second = await pickUp(`${cable.url}/room/sleep`, { name: "준호", role: "Sing" });
  const [mina, jun] = [first.page, second.page];
  const dan = await enter(await browser.context(), `${server.url}/room/sleep`, { name: "다은", role: "Watch" });
  await pickSong(mina, "Second Encore");
  await place(dan, 1).getByText("Second Encore").waitFor();
  await dan.getByRole("button", { name: /Vote for 미나/ }).click();
  await dan.getByRole("button", { name: /Vote against 준호/ }).click();
  await place(mina, 1).getByText("1 for 미나").waitFor({ state: "attached" });
  await mina.getByLabel("Say something").fill("typed before");
  await jun.getByLabel("Say something").fill("typed before");
  await first.sleep();
  await second.sleep();
  cable.deaden();

  const back = async ({ page, wake }: Phone, seat: number) => {
    const since = performance.now();
    await wake();
    await page.getByText(/^Back/).waitFor();
    console.info(`live again ${Math.round(performance.now() - since)} ms after it woke`);
    await expect.poll(() => place(dan, seat).getByText(/We keep the seat|Still away/).count()).toBe(0);
    expect(await page.getByLabel("Say something").inputValue()).toBe("typed before");
    await page.getByLabel("Say something").press("Enter");
  };
  await place(dan, 1).getByText("We keep the seat for").waitFor();
  await say(dan, "meanwhile");
  await back(first, 1);
  await expectChat(mina, ["meanwhile", "typed before"]);
  await place(dan, 2).getByText("Still away").waitFor();
  await back(second, 2);
  await expectChat(jun, ["meanwhile", "typed before", "typed before"]);
  await expectChat(dan, ["meanwhile", "typed before", "typed before"]);
  await place(dan, 1).getByText("미나", { exact: true }).waitFor();
  await place(dan, 1).getByText("Second Encore").waitFor();
  await place(dan, 2).getByText("준호", { exact: true }).waitFor();
  await dan.getByRole("img", { name: "Who leads: 미나 100%, 준호 0%" }).waitFor();

  // The tab is gone without a word, and the link is opened again: nobody meets their own ghost.
  cable.deaden();
  const context = mina.context();
  await mina.close();
  const again = await context.newPage();
  await again.goto(`${cable.url}/room/sleep`);
  await expectChat(again, ["meanwhile", "typed before", "typed before"]);
  await place(again, 1).getByText("Second Encore").waitFor();
  await place(again, 1).getByText("1 for 미나").waitFor({ state: "attached" });
  expect(await place(dan, 1).getByText("미나", { exact: true }).count()).toBe(1);
  await cable.close();
});

test("a seat that was given away meanwhile is told to all, and to its singer", async () => {
  const cable = await lay(server.url);
  const sleeper = await pickUp(`${cable.url}/room/given`, { name: "미나", role: "Sing" });
  const mina = sleeper.page;
  await enter(await browser.context(), `${server.url}/room/given`, { name: "준호", role: "Sing" });
  const dan = await enter(await browser.context(), `${server.url}/room/given`, { name: "다은", role: "Watch" });
  await sleeper.sleep();
  cable.deaden();
  await place(dan, 1).getByText("Still away; the seat goes to whoever asks").waitFor();
  await enter(await browser.context(), `${server.url}/room/given`, { name: "유나", role: "Sing" });
  await place(dan, 1).getByText("유나").waitFor();
  await dan.getByText("미나 left").waitFor();
  await sleeper.wake();
  await mina.getByText("Your seat went to somebody else while you were away.").waitFor();
  await mina.getByRole("button", { name: "Try again" }).click();
  await mina.getByRole("button", { name: "Watch instead" }).click();
  await dan.getByText("2 of 6 watching").waitFor();
  await cable.close();
});
