import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { enter, expectChat, say, useBrowser } from "./stand/browser.ts";
import { lay } from "./stand/cable.ts";
import { serve, type Server } from "./stand/server.ts";

const browser = useBrowser();
let server: Server;
beforeAll(async () => {
  server = await serve();
});
afterAll(() => server.stop());

test("a page that is loaded again, or closed and opened again, has its seat without asking", async () => {
  const room = `${server.url}/room/reload`;
  const context = await browser.context();
  const mina = await enter(context, room, { name: "Mina", role: "Sing" });
  const dan = await enter(await browser.context(), room, { name: "Dan", role: "Watch" });
  await say(mina, "before");
  await expectChat(dan, ["before"]);

  await mina.reload();
  await expectChat(mina, ["before"]);
  await mina.close();
  const again = await context.newPage();
  await again.goto(room);
  await expectChat(again, ["before"]);
  await say(again, "after");
  await expectChat(dan, ["before", "after"]);
  expect(await dan.getByRole("region", { name: "Place 1 on stage" }).getByText("Mina").count()).toBe(1);
  expect(await dan.getByRole("region", { name: "Place 2 on stage" }).getByText("Waiting for a singer").count()).toBe(1);
});

/** How often this server ended a connection because another one of the same person took its place. */
async function takeOvers(url: string): Promise<number> {
  const metrics = await (await fetch(`${url}/metrics`)).text();
  return [...metrics.matchAll(/^singoff_room_goaways_total\{reason="(?:TAKEN_OVER|SUPERSEDED)"\} (\d+)$/gm)].reduce((sum, [, n]) => sum + Number(n), 0);
}

// "Duplicate tab" copies what the tab remembers: two pages with one identity evicted each other without end, or one person appeared twice.
test("a duplicated tab is told, and takes over when asked to", async () => {
  const own = await serve();
  const room = `${own.url}/room/twice`;
  const context = await browser.context();
  const first = await enter(context, room, { name: "미나", role: "Sing" });
  const dan = await enter(await browser.context(), room, { name: "Dan", role: "Watch" });

  // A window that is opened by a page begins with a copy of its session, as a duplicated tab does.
  const opened = context.waitForEvent("page");
  await first.evaluate(() => window.open(location.href));
  const second = await opened;
  await second.getByText("This battle is open in another tab or window.").waitFor();
  await say(first, "still here");
  await expectChat(dan, ["still here"]);

  await second.getByRole("button", { name: "Go on here" }).click();
  await expectChat(second, ["still here"]);
  await first.getByText("This battle is open in another tab or window.").waitFor();
  await say(second, "now here");
  await expectChat(dan, ["still here", "now here"]);
  expect(await takeOvers(own.url)).toBeLessThanOrEqual(2);

  // The other way: as somebody else, with a seat of their own.
  await first.getByRole("button", { name: "Join as somebody else" }).click();
  await first.getByLabel("Your name").fill("Mina's sister");
  await first.getByRole("button", { name: "Sing", exact: true }).click();
  await dan.getByRole("region", { name: "Place 2 on stage" }).getByText("Mina's sister").waitFor();
  await expectChat(first, ["still here", "now here"]); // it knows its seat, and remembers it
  await first.reload();
  await expectChat(first, ["still here", "now here"]);
  await dan.getByRole("region", { name: "Place 1 on stage" }).getByText("미나", { exact: true }).waitFor();

  // In another browser it's another person, who can't have the name.
  const other = await (await browser.context()).newPage();
  await other.goto(room);
  await other.getByLabel("Your name").fill("미나");
  await other.getByRole("button", { name: "Watch instead" }).click();
  await other.getByText("Somebody here has this name already.").waitFor();
  expect(await takeOvers(own.url)).toBeLessThanOrEqual(2);
  await own.stop();
});

test("a window that crashed and is restored has its seat, and is there once", async () => {
  const room = `${server.url}/room/crash`;
  const context = await browser.context();
  const mina = await enter(context, room, { name: "미나", role: "Sing" });
  const dan = await enter(await browser.context(), room, { name: "Dan", role: "Watch" });
  await say(mina, "before");
  const crashed = mina.waitForEvent("crash");
  void (await context.newCDPSession(mina)).send("Page.crash").catch(() => undefined); // nobody is left to answer
  await crashed;
  const restored = await context.newPage();
  await restored.goto(room);
  await expectChat(restored, ["before"]);
  await say(restored, "after");
  await expectChat(dan, ["before", "after"]);
  await dan.getByRole("region", { name: "Place 1 on stage" }).getByText("미나", { exact: true }).waitFor();
  await dan.getByRole("region", { name: "Place 2 on stage" }).getByText("Waiting for a singer").waitFor();
});

test("a server that was restarted under the page says that it began anew", async () => {
  const own = await serve();
  const mina = await enter(await browser.context(), `${own.url}/room/restart`, { name: "Mina", role: "Sing" });
  await say(mina, "lost with the server's memory");
  await expectChat(mina, ["lost with the server's memory"]);
  await own.kill();
  await mina.getByText("The line dropped.").waitFor();
  await mina.getByLabel("Say something").fill("typed meanwhile");
  await own.again();
  await mina.getByText("The house started anew").waitFor();
  expect(await mina.getByLabel("Say something").inputValue()).toBe("typed meanwhile");
  await mina.getByLabel("Say something").press("Enter");
  await expectChat(mina, ["typed meanwhile"]);
  await own.stop();
});

test("a server that keeps its log in a file comes back with everything", async () => {
  const data = mkdtempSync(join(tmpdir(), "singoff-data-"));
  const own = await serve("--log", "sqlite", "--data-dir", data);
  const mina = await enter(await browser.context(), `${own.url}/room/kept`, { name: "Mina", role: "Sing" });
  await say(mina, "kept");
  await expectChat(mina, ["kept"]);
  await own.kill();
  await mina.getByText("The line dropped.").waitFor();
  await say(mina, "said meanwhile");
  await own.again();
  await mina.getByText(/^Back/).waitFor();
  await expectChat(mina, ["kept", "said meanwhile"]);
  await mina.getByRole("region", { name: "Place 1 on stage" }).getByText("Mina", { exact: true }).waitFor();
  await own.stop();
  rmSync(data, { recursive: true });
});

test("a network that is cut: typing goes on, and what was sent meanwhile goes out once", async () => {
  const cable = await lay(server.url);
  const mina = await enter(await browser.context(), `${cable.url}/room/cut`, { name: "Mina", role: "Sing" });
  const dan = await enter(await browser.context(), `${server.url}/room/cut`, { name: "Dan", role: "Watch" });
  await say(mina, "one");
  await expectChat(dan, ["one"]);

  cable.pull();
  await say(mina, "two");
  await mina.getByText("on its way").waitFor();
  await dan.getByText("We keep the seat for").waitFor();
  await say(dan, "meanwhile");
  cable.plug();
  await mina.getByText(/Back, \d+ events? caught up/).waitFor();
  await expectChat(dan, ["one", "meanwhile", "two"]);
  await expectChat(mina, ["one", "meanwhile", "two"]);
  expect(await mina.getByText("on its way").count()).toBe(0);
  await cable.close();
});

test.each(["refuse", 200] as const)("websockets are blocked (%s): the slow way is taken, and said", async (how) => {
  const cable = await lay(server.url);
  cable.websockets(how);
  const room = `/room/blocked-${how}`;
  const mina = await enter(await browser.context(), cable.url + room, { name: "Mina", role: "Sing" });
  const dan = await enter(await browser.context(), server.url + room, { name: "Dan", role: "Watch" });
  await mina.getByLabel("Slow way in").waitFor();
  await say(mina, "over fetch");
  await say(dan, "heard");
  await expectChat(mina, ["over fetch", "heard"]);
  await expectChat(dan, ["over fetch", "heard"]);
  await cable.close();
});
