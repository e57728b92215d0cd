import type { CDPSession, Page } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { chat, enter, expectChat, expectWithin, useBrowser } from "./stand/browser.ts";
import { serve, type Server } from "./stand/server.ts";

const browser = useBrowser();
let server: Server;
beforeAll(async () => {
  server = await serve();
});
afterAll(() => server.stop());

/** Composes a text as an input method does: each step replaces the one before. */
async function compose(input: CDPSession, ...steps: string[]): Promise<void> {
  for (const text of steps) {
    await input.send("Input.imeSetComposition", { text, selectionStart: text.length, selectionEnd: text.length });
  }
}

/** Enter while a syllable is being composed, as the browser tells it. */
async function composingEnter(input: CDPSession): Promise<void> {
  await input.send("Input.dispatchKeyEvent", { type: "rawKeyDown", key: "Process", code: "Enter", windowsVirtualKeyCode: 229 });
}

async function plainEnter(input: CDPSession): Promise<void> {
  await input.send("Input.dispatchKeyEvent", { type: "keyDown", key: "Enter", code: "Enter", windowsVirtualKeyCode: 13, text: "\r" });
  await input.send("Input.dispatchKeyEvent", { type: "keyUp", key: "Enter", code: "Enter", windowsVirtualKeyCode: 13 });
}

async function field(page: Page): Promise<CDPSession> {
  await page.getByLabel("Say something").focus();
  return page.context().newCDPSession(page);
}

// Enter while the last Hangul syllable was composing sent the text, and then that syllable again as a second message.
test("one Enter sends one message, whatever the input method does with it", async () => {
  const page = await enter(await browser.context(), `${server.url}/room/enter`, { name: "미나", role: "Sing" });
  const input = await field(page);

  // Enter is told once, while composing; then the input method commits.
  await input.send("Input.insertText", { text: "안녕하세" });
  await compose(input, "ㅇ", "요");
  await composingEnter(input);
  await input.send("Input.insertText", { text: "요" });
  await expectChat(page, ["안녕하세요"]);
  expect(await page.getByLabel("Say something").inputValue()).toBe("");

  // Enter is told again after the composition has ended.
  await input.send("Input.insertText", { text: "반가워" });
  await compose(input, "ㅇ", "요");
  await composingEnter(input);
  await input.send("Input.insertText", { text: "요" });
  await plainEnter(input);
  await expectChat(page, ["안녕하세요", "반가워요"]);

  // An Enter that chooses a candidate sends nothing; the next one does.
  await compose(input, "かんじ", "漢字");
  await composingEnter(input);
  await input.send("Input.insertText", { text: "漢字" });
  await page.waitForTimeout(300); // long enough for a wrong message to be seen
  expect(await chat(page)).toEqual(["안녕하세요", "반가워요"]);
  await plainEnter(input);
  await expectChat(page, ["안녕하세요", "반가워요", "漢字"]);
});

// The model lagged one syllable behind what was visible, so that the button stayed disabled or the message was cut.
test("the button sends what is visible, also in the middle of a syllable", async () => {
  const page = await enter(await browser.context({ viewport: { width: 360, height: 740 }, hasTouch: true }), `${server.url}/room/tap`, {
    name: "미나", role: "Sing",
  });
  const input = await field(page);
  const send = page.getByRole("button", { name: "Send", exact: true });
  expect(await send.isDisabled()).toBe(true);
  await compose(input, "ㄱ");
  await expect.poll(() => send.isDisabled()).toBe(false);
  await compose(input, "가");
  await send.tap();
  await expectChat(page, ["가"]);
  expect(await page.getByLabel("Say something").inputValue()).toBe("");
});

test("names are taken as they are visible while composing", async () => {
  const page = await (await browser.context({ viewport: { width: 360, height: 740 } })).newPage();
  await page.goto(server.url);
  const input = await page.context().newCDPSession(page);
  await page.getByLabel("Room name").focus();
  await input.send("Input.insertText", { text: "노래" });
  await compose(input, "ㅂ", "방");
  await page.getByRole("button", { name: "Open a room" }).click();
  await page.getByRole("heading", { name: "Take a seat in 노래방" }).waitFor();
  await page.getByLabel("Your name").focus();
  await compose(input, "ㅁ", "미");
  await input.send("Input.insertText", { text: "미" });
  await compose(input, "ㄴ", "나");
  await page.getByRole("button", { name: "Watch" }).click();
  await page.getByRole("log").waitFor();
  await page.getByRole("listitem").filter({ hasText: "미나" }).first().waitFor();
});

test("an Enter that ends a syllable takes no name before it is whole", async () => {
  const page = await (await browser.context()).newPage();
  await page.goto(server.url);
  const input = await page.context().newCDPSession(page);
  const type = async (whole: string, ...steps: string[]) => {
    await compose(input, ...steps);
    await composingEnter(input);
    await input.send("Input.insertText", { text: whole.slice(-1) });
  };
  await page.getByLabel("Room name").focus();
  await input.send("Input.insertText", { text: "금요일 배" });
  await type("틀", "ㅌ", "트", "틀");
  expect(await page.getByLabel("Room name").inputValue()).toBe("금요일 배틀");
  await plainEnter(input);
  await page.getByRole("heading", { name: "Take a seat in 금요일 배틀" }).waitFor();
  await page.getByLabel("Your name").focus();
  await input.send("Input.insertText", { text: "김민" });
  await type("아", "ㅇ", "아");
  expect(await page.getByLabel("Your name").inputValue()).toBe("김민아");
  await plainEnter(input);
  await page.getByRole("log").waitFor();
  await page.getByRole("listitem").filter({ hasText: /^김민아$/ }).waitFor();
});

test("hostile texts stay texts, in their place", async () => {
  const context = await browser.context({ viewport: { width: 360, height: 740 } });
  const page = await enter(context, `${server.url}/room/hostile`, { name: "Mina", role: "Sing" });
  const texts = [
    `<img src=x onerror="document.title='owned'"><script>document.title='owned'</script>`,
    "{{ constructor.constructor('return 1')() }} @:chat.title {n} | two",
    `a\u202Egnp.exe`,
    `z${"\u0301".repeat(1900)}`,
    "W".repeat(1990),
  ];
  const field = page.getByLabel("Say something");
  const shown: string[] = [];
  for (const text of texts) {
    await field.fill(text);
    await field.press("Enter");
    await expect.poll(async () => (await chat(page)).length + (await page.locator(".failed").count())).toBeGreaterThan(shown.length);
    shown.push(text);
  }
  expect(await page.title()).not.toContain("owned");
  expect(await page.locator(".chat img, .chat script").count()).toBe(0);
  await expectWithin(page, "hostile texts");
  // The tower of marks doesn't reach into the lines above it; what is longer than a good part of the screen scrolls.
  const boxes = await page.locator(".chat .line .text").evaluateAll((lines) => lines.map((line) => getComputedStyle(line).overflowY));
  expect(boxes.length).toBeGreaterThan(0);
  expect(boxes.filter((overflow) => overflow !== "clip" && overflow !== "auto")).toEqual([]);
});
