import { execFile } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, expect, inject, test } from "vitest";
import { chat, enter, expectChat, say, useBrowser } from "./stand/browser.ts";
import { serve, type Server } from "./stand/server.ts";

const run = promisify(execFile);
const home = mkdtempSync(join(tmpdir(), "singoff-terminal-"));
const browser = useBrowser();
let server: Server;
beforeAll(async () => {
  server = await serve();
});
afterAll(async () => {
  await server.stop();
  rmSync(home, { recursive: true });
});

test("two singers, a watcher and one in a terminal see the same battle", async () => {
  const room = `${server.url}/room/battle`;
  const mina = await enter(await browser.context(), room, { name: "Mina", role: "Sing" });
  const jun = await enter(await browser.context(), room, { name: "준호", role: "Sing" });
  const dan = await enter(await browser.context(), room, { name: "Dan", role: "Watch" });
  const pages = [mina, jun, dan];

  await say(mina, "first");
  await expectChat(dan, ["first"]);
  const terminal = run(join(inject("bin"), "singoff"), ["join", "battle", "--nick", "Terminal", "--role", "watcher", "--server", server.grpc, "--plaintext", "--json"], {
    env: { ...process.env, HOME: home, XDG_CONFIG_HOME: home, XDG_STATE_HOME: home, XDG_DATA_HOME: home },
  });
  terminal.child.stdin?.write('{"chat_message":{"text":"from a terminal"}}\n');
  await expectChat(dan, ["first", "from a terminal"]);
  for (const page of pages) {
    await expect.poll(() => page.getByText("2 of 6 watching").count()).toBe(1);
  }
  terminal.child.stdin?.end();
  const { stdout } = await terminal;
  expect(stdout).toContain('"first"');
  await say(jun, "last");
  for (const page of pages) {
    await expectChat(page, ["first", "from a terminal", "last"]);
  }

  // One's own vote is seen at once, and is the same for all once the room has answered.
  const up = dan.getByRole("button", { name: /Vote for Mina/ });
  await up.click();
  expect(await up.getAttribute("aria-pressed")).toBe("true");
  await dan.getByRole("button", { name: /Vote against 준호/ }).click();
  for (const page of pages) {
    await expect.poll(() => page.getByRole("img", { name: "Who leads: Mina 100%, 준호 0%" }).count()).toBe(1);
  }
  await up.click();
  await expect.poll(() => up.getAttribute("aria-pressed")).toBe("false");
  await expect.poll(() => mina.getByText("0 for Mina").count()).toBe(1);

  // A cheer lands at the singer's side, with everybody.
  await dan.getByRole("button", { name: "Cheer for 준호", exact: true }).click();
  await mina.getByRole("region", { name: "Place 2 on stage" }).locator(".cheer").first().waitFor();

  // A whisper is heard by two.
  await dan.getByRole("button", { name: "More about Mina" }).click();
  await dan.getByText("Whisper to Mina").click();
  await say(dan, "between us");
  await expect.poll(() => chat(mina)).toContain("between us");
  expect(await chat(jun)).not.toContain("between us");
  // Its text stood beside its author, over the time.
  const [head, text] = await Promise.all([".head", ".text"].map((part) => mina.locator(`.line.whisper ${part}`).boundingBox()));
  expect(text!.y).toBeGreaterThanOrEqual(head!.y + head!.height - 1);
});

// The code on a big screen that was first in a room made the room without its title.
test("a room named by its title in the address has it for all, also if a big screen came first", async () => {
  const screen = await (await browser.context()).newPage();
  await screen.goto(`${server.url}/stage/금요일 배틀`);
  await screen.getByRole("heading", { name: "금요일 배틀" }).waitFor({ state: "attached" });
  expect(screen.url()).toBe(`${server.url}/stage/r-njky5rtrrk`);
  const mina = await enter(await browser.context(), `${server.url}/room/r-njky5rtrrk`, { name: "Mina", role: "Sing" });
  await mina.getByRole("heading", { name: "금요일 배틀" }).waitFor();
});

test("a full role says who has it and offers the other", async () => {
  const room = `${server.url}/room/full`;
  await enter(await browser.context(), room, { name: "Mina", role: "Sing" });
  await enter(await browser.context(), room, { name: "Jun", role: "Sing" });
  const late = await (await browser.context()).newPage();
  await late.goto(room);
  await late.getByText("Stage is full: Mina, Jun").waitFor();
  expect(await late.getByRole("button", { name: "Sing", exact: true }).isDisabled()).toBe(true);
  await late.getByLabel("Your name").fill("Late");
  await late.getByRole("button", { name: "Watch instead" }).click();
  await late.getByText("1 of 6 watching").waitFor();
});

test("the host sends somebody away, closes the door and passes the hand on", async () => {
  const room = `${server.url}/room/host`;
  const mina = await enter(await browser.context(), room, { name: "Mina", role: "Sing" });
  const dan = await enter(await browser.context(), room, { name: "Dan", role: "Watch" });
  const eve = await enter(await browser.context(), room, { name: "Eve", role: "Watch" });

  await mina.getByRole("button", { name: "More about Eve" }).click();
  await mina.getByText("Send away for five minutes").click();
  await mina.getByRole("alertdialog").getByRole("button", { name: "Send away" }).click();
  await eve.getByText("The host sent you away.").waitFor();
  await eve.reload();
  await eve.getByLabel("Your name").waitFor();

  await mina.getByRole("button", { name: "More about the room" }).click();
  await mina.getByText("Close the door").click();
  await dan.getByText("The door is closed").waitFor();
  await eve.getByText("The host has closed the door for now.").waitFor();

  await mina.getByRole("button", { name: "More about Dan" }).click();
  await mina.getByText("Make host").click();
  await dan.getByText("Dan is host now").waitFor();
});

test("a room is made by a title in any script, and its link leads there", async () => {
  const context = await browser.context();
  const mina = await context.newPage();
  await mina.goto(server.url);
  await mina.getByLabel("Room name").fill("금요일 배틀 🎤");
  await mina.getByRole("button", { name: "Open a room" }).click();
  await mina.getByLabel("Your name").fill("Mina");
  await mina.getByRole("button", { name: "Sing", exact: true }).click();
  await mina.getByRole("heading", { name: "금요일 배틀 🎤" }).waitFor();
  await mina.getByRole("button", { name: "Share" }).click();
  const link = await mina.getByRole("dialog").getByRole("textbox").inputValue();
  expect(link).toMatch(/\/room\/r-[a-z2-7]{10}$/);
  await mina.getByRole("img", { name: `Code that opens ${link}` }).waitFor(); // drawn once its part of the page has come

  const dan = await (await browser.context()).newPage();
  await dan.goto(link);
  await dan.getByRole("heading", { name: "Take a seat in 금요일 배틀 🎤" }).waitFor();
});

// All beyond two fifths of the screen was cut off, and nothing led there.
test("a long message can be read to its end", async () => {
  const room = `${server.url}/room/long`;
  const mina = await enter(await browser.context({ viewport: { width: 360, height: 740 } }), room, { name: "Mina", role: "Watch" });
  await say(mina, `${"가나다 ".repeat(490)}마지막`);
  const text = mina.locator(".line .text");
  await text.waitFor();
  await text.focus();
  await mina.keyboard.press("End");
  await expect.poll(() => text.evaluate((p) => p.scrollHeight > p.clientHeight && p.scrollTop + p.clientHeight >= p.scrollHeight - 1)).toBe(true);
});

test("the chat follows its end, but leaves a reader where they are", async () => {
  const room = `${server.url}/room/scroll`;
  const mina = await enter(await browser.context({ viewport: { width: 360, height: 640 } }), room, { name: "Mina", role: "Sing" });
  const dan = await enter(await browser.context(), room, { name: "Dan", role: "Watch" });
  const many = Array.from({ length: 20 }, (_, i) => `line ${i + 1}`);
  for (const text of many) {
    await say(dan, text);
  }
  await expectChat(mina, many);
  const fromEnd = () => mina.getByRole("log").evaluate((box) => box.scrollHeight - box.scrollTop - box.clientHeight);
  await expect.poll(fromEnd).toBeLessThan(2);

  await mina.getByRole("log").evaluate((box) => box.scrollTo(0, 0));
  await say(dan, "one more");
  await mina.getByRole("button", { name: "1 new" }).waitFor();
  expect(await mina.getByRole("log").evaluate((box) => box.scrollTop)).toBe(0);
  await mina.getByRole("button", { name: "1 new" }).click();
  await expect.poll(fromEnd).toBeLessThan(2);
});
