import { spawn } from "node:child_process";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import type { BrowserContext, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, inject, test } from "vitest";
import { enter, expectWithin, say, useBrowser } from "./stand/browser.ts";
import { pickSong } from "./sync-pick.ts";
import { lay } from "./stand/cable.ts";
import { pictures } from "./stand/paths.ts";
import { serve, type Server } from "./stand/server.ts";

const widths = [
  { width: 360, height: 740 },
  { width: 768, height: 1024 },
  { width: 1440, height: 900 },
];

describe.each(["dark", "light"] as const)("in the %s theme", (colorScheme) => {
  const browser = useBrowser();
  let server: Server;
  beforeAll(async () => {
    server = await serve();
    mkdirSync(pictures, { recursive: true });
  });
  afterAll(() => server.stop());

  /** Takes a picture at each width, and looks that nothing sticks out of the page. */
  async function look(page: Page, name: string): Promise<void> {
    for (const size of widths) {
      await page.setViewportSize(size);
      await page.waitForTimeout(250); // until the layout has come to rest, for the eye
      await page.screenshot({ path: join(pictures, `${name}-${size.width}-${colorScheme}.png`) });
      await expectWithin(page, `${name} at ${size.width}`);
    }
  }

  async function battle(context: (locale: string) => Promise<BrowserContext>): Promise<Page[]> {
    const room = `${server.url}/room/friday`;
    const mina = await enter(await context("en-GB"), room, { name: "미나", role: "Sing" });
    const jun = await enter(await context("en-GB"), room, { name: "준호", role: "Sing" });
    const dan = await enter(await context("en-GB"), room, { name: "다은", role: "Watch" });
    await say(mina, "안녕하세요! ready when you are");
    await say(jun, "준비됐어요 🎤");
    await say(dan, "go go go");
    await dan.getByRole("button", { name: /Vote for 미나/ }).click();
    await dan.getByRole("button", { name: /Vote against 준호/ }).click();
    return [mina, jun, dan];
  }

  test("the entrance, the door and the battle", async () => {
    const context = (locale: string) => browser.context({ colorScheme, locale, reducedMotion: "reduce" });
    const visitor = await (await context("ko-KR")).newPage();
    await visitor.goto(server.url);
    await visitor.getByText("아직 아무도 부르지 않아요").waitFor();
    await look(visitor, "entrance-empty");
    const pages = await battle(context);
    await visitor.getByRole("link", { name: /friday/ }).waitFor();
    await look(visitor, "entrance");
    await visitor.getByRole("link", { name: /friday/ }).click();
    await visitor.getByText("무대가 찼어요: 미나, 준호").waitFor();
    await look(visitor, "door-full");
    await pickSong(pages[0]!, "Second Encore");
    await pages[0]!.getByRole("button", { name: "Start my song" }).click();
    await pages[2]!.getByRole("region", { name: "Place 1 on stage" }).getByRole("img", { name: "is singing" }).waitFor();
    await look(pages[0]!, "battle-singer");
    await look(pages[2]!, "battle-watcher");
  });

  test("what a singer opens, the host's hand, and a line that drops, in Korean", async () => {
    const person = async (url: string, name: string, role: "노래하기" | "구경하기") => {
      const page = await (await browser.context({ colorScheme, locale: "ko-KR", reducedMotion: "reduce" })).newPage();
      await page.goto(`${url}/room/ko-${colorScheme}`);
      await page.getByLabel("이름").waitFor();
      await look(page, `door-${role === "노래하기" ? "sing" : "watch"}`);
      await page.getByLabel("이름").fill(name);
      await page.getByRole("button", { name: new RegExp(`^${role}`) }).click();
      await page.getByRole("log").waitFor();
      return page;
    };
    const cable = await lay(server.url);
    const mina = await person(cable.url, "노래하는 미나공주와 일곱 난쟁이들", "노래하기");
    await look(mina, "battle-alone");
    const jun = await person(server.url, "준호", "구경하기");

    await mina.getByRole("button", { name: "노래 고르기" }).click();
    await mina.getByText("4곡", { exact: true }).waitFor();
    await look(mina, "picker-cards");
    await mina.getByRole("button", { name: "금요일의 불빛: 더 보기" }).click();
    await look(mina, "picker-turned");
    await mina.getByRole("button", { name: "목록", exact: true }).click();
    await mina.getByRole("radio").first().waitFor();
    await look(mina, "picker-list");
    await mina.getByRole("searchbox").fill("없는 노래");
    await mina.getByText("찾은 노래가 없어요").waitFor();
    await look(mina, "picker-none");
    await mina.getByRole("searchbox").fill("금요일");
    await mina.getByText("1곡", { exact: true }).waitFor();
    await mina.getByRole("searchbox").press("Enter");
    await mina.getByRole("button", { name: "내 노래 시작" }).click();
    await mina.getByRole("region", { name: "무대 1번" }).getByRole("img", { name: "노래 중" }).waitFor();
    await mina.getByRole("button", { name: "노래 화면" }).click();
    await mina.waitForTimeout(4000); // until a line is sung
    await look(mina, "singing");
    await mina.setViewportSize({ width: 740, height: 360 });
    await mina.screenshot({ path: join(pictures, `singing-sideways-${colorScheme}.png`) });
    await mina.keyboard.press("Escape");
    await mina.getByRole("button", { name: "이 기기의 소리" }).click();
    await look(mina, "sound");
    await mina.keyboard.press("Escape");

    await mina.getByRole("button", { name: "공유" }).click();
    await look(mina, "share");
    await mina.keyboard.press("Escape");
    await mina.getByRole("button", { name: "설정" }).click();
    await look(mina, "settings");
    await mina.keyboard.press("Escape");
    await mina.getByRole("button", { name: "방 더 보기" }).click();
    await look(mina, "room-menu");
    await mina.keyboard.press("Escape");
    await mina.getByRole("button", { name: "준호 더 보기" }).click();
    await look(mina, "member-menu");
    await mina.getByText("5분간 내보내기").click();
    await mina.getByRole("alertdialog").waitFor();
    await look(mina, "send-away");
    await mina.getByRole("alertdialog").getByRole("button", { name: "내보내기" }).click();
    await jun.getByText("방장이 내보냈어요").waitFor();
    await look(jun, "end-kicked");

    cable.pull();
    await mina.getByText("연결이 끊겼어요").waitFor();
    await mina.getByLabel("한마디 하기").fill("끊긴 동안에 쓴 글");
    await mina.getByLabel("한마디 하기").press("Enter");
    await look(mina, "line-dropped");
    cable.plug();
    await mina.getByText(/^돌아왔어요/).waitFor();
    await look(mina, "line-back");
    await cable.close();
  });
});

describe("two hundred watching", () => {
  const browser = useBrowser();

  test("are a number, a few faces, and a list in pages", async () => {
    const server = await serve("--watchers", "250");
    const people = spawn(join(inject("bin"), "singoff"), ["simulate", "--server", server.grpc, "--rooms", "1", "--members", "202", "--rate", "5", "--drops", "0",
      "--duration", "5m"], { stdio: "ignore" });
    const visitor = await (await browser.context({ viewport: widths[0]! })).newPage();
    await visitor.goto(server.url);
    await visitor.getByText("200 of 250 watching").waitFor();
    await visitor.getByRole("link").first().click();
    await visitor.getByLabel("Your name").fill("Dan");
    await visitor.getByRole("button", { name: /^Watch/ }).click();
    await visitor.getByText("201 of 250 watching").waitFor();
    await visitor.screenshot({ path: join(pictures, "battle-many-360.png") });
    await expectWithin(visitor, "two hundred watching");
    await visitor.getByRole("button", { name: "Everybody" }).click();
    expect(await visitor.getByRole("dialog").locator(".list li").count()).toBe(20);
    await visitor.screenshot({ path: join(pictures, "everybody-360.png") });
    people.kill("SIGKILL");
    await server.stop();
  });
});
