import { afterAll, beforeAll, expect, test } from "vitest";
import { Client, Role } from "../../clients/js/src/index.ts";
import { expectAccessible } from "./stand/axe.ts";
import { enter, expectChat, say, useBrowser } from "./stand/browser.ts";
import { serve, type Server } from "./stand/server.ts";
import { sit, trackId } from "./sync-people.ts";

// A name that isn't this machine's own: browsers take such plain http for insecure, as on a house's net.
// And arrows move the focus, as they do in a television's browser.
const browser = useBrowser("--host-resolver-rules=MAP house.test 127.0.0.1", "--enable-spatial-navigation");
let server: Server;
let house: string;
beforeAll(async () => {
  server = await serve();
  house = server.url.replace("127.0.0.1", "house.test");
});
afterAll(() => server.stop());

test("on a house's net, over plain http, all works but what browsers forbid there, which is said", async () => {
  const mina = await enter(await browser.context(), `${house}/room/plain`, { name: "Mina", role: "Sing" });
  expect(await mina.evaluate(() => isSecureContext)).toBe(false);
  const dan = await enter(await browser.context(), `${house}/room/plain`, { name: "Dan", role: "Watch" });
  await say(dan, "hello house");
  await expectChat(mina, ["hello house"]);
  await mina.reload();
  await expectChat(mina, ["hello house"]);

  await mina.getByRole("button", { name: "Share" }).click();
  expect(await mina.getByRole("dialog").getByRole("textbox").inputValue()).toBe(`${house}/room/plain`);
  await mina.getByText("Select the address and copy it").waitFor();
  await mina.getByRole("button", { name: "Close" }).click();
  await mina.getByRole("button", { name: "Settings" }).click();
  await mina.getByText("This address isn't encrypted").waitFor();
});

test("the page asks nobody but its own server, breaks no policy, and is there with 300 KB", async () => {
  const context = await browser.context();
  const page = await context.newPage();
  const cdp = await context.newCDPSession(page);
  await cdp.send("Network.enable");
  const hosts = new Set<string>();
  let bytes = 0;
  page.on("request", (request) => hosts.add(new URL(request.url()).host));
  const asked = new Set<string>(); // what the page asks of the rooms, again and again, is no part of its loading
  cdp.on("Network.requestWillBeSent", ({ requestId, request }) => request.method === "POST" && asked.add(requestId));
  cdp.on("Network.loadingFinished", ({ requestId, encodedDataLength }) => {
    bytes += asked.has(requestId) ? 0 : encodedDataLength;
  });
  const violations: string[] = [];
  await context.exposeFunction("violated", (what: string) => violations.push(what));
  await page.addInitScript(() => {
    addEventListener("securitypolicyviolation", (event) => {
      void (window as unknown as { violated(what: string): void }).violated(`${event.violatedDirective} ${event.blockedURI}`);
    });
  });
  await page.goto(`${house}/room/policy`);
  await page.getByLabel("Your name").waitFor();
  const atDoor = bytes;
  await page.getByLabel("Your name").fill("Mina");
  await page.getByRole("button", { name: "Watch" }).click();
  await say(page, "hi");
  await expectChat(page, ["hi"]);
  console.info(`a room's link: ${atDoor} bytes to its door, ${bytes} to its battle`);
  // Brotli is for https alone; over plain http browsers take gzip, a sixth more.
  expect(bytes).toBeLessThanOrEqual(300_000);
  // What only singers need is loaded for them.
  await page.goto(`${house}/room/policy-2`);
  await page.getByLabel("Your name").fill("Jun");
  await page.getByRole("button", { name: "Sing", exact: true }).click();
  await page.getByRole("button", { name: "Choose a song" }).click();
  await page.getByRole("searchbox").waitFor();
  await page.keyboard.press("Escape");
  await page.getByRole("button", { name: "Share" }).click();
  await page.getByRole("img", { name: /^Code that opens/ }).waitFor();
  expect(violations).toEqual([]);
  expect([...hosts]).toEqual([new URL(house).host]);
});

test.each(["dark", "light"] as const)("nothing serious stands in the way of a screen reader (%s)", async (colorScheme) => {
  const context = await browser.context({ colorScheme });
  const page = await context.newPage();
  await page.goto(house);
  await page.getByRole("heading", { name: "On now" }).waitFor();
  await expectAccessible(page);
  const mina = await enter(await browser.context({ colorScheme }), `${house}/room/axe-${colorScheme}`, { name: "Mina", role: "Sing" });
  const dan = await enter(await browser.context({ colorScheme }), `${house}/room/axe-${colorScheme}`, { name: "Dan", role: "Watch" });
  await say(dan, "hello");
  await expectChat(mina, ["hello"]);
  await expectAccessible(dan);
  await mina.getByRole("button", { name: "More about Dan" }).click();
  await mina.getByText("Make host").waitFor();
  await expectAccessible(mina);
});

test.each(["dark", "light"] as const)("nothing serious stands in the way of a screen reader in the music picker (%s)", async (colorScheme) => {
  const mina = await enter(await browser.context({ colorScheme }), `${house}/room/axe-picker-${colorScheme}`, { name: "미나", role: "Sing" });
  await mina.getByRole("button", { name: "Choose a song" }).click();
  await mina.getByRole("button", { name: /Second Encore: show more/ }).click();
  await mina.getByRole("gridcell").filter({ hasText: "Second Encore" }).getByRole("button", { name: "Listen alone" }).waitFor();
  await expectAccessible(mina);
  await mina.getByRole("button", { name: "List", exact: true }).click();
  await mina.getByRole("radio").first().waitFor();
  await expectAccessible(mina);
});

test.each(["dark", "light"] as const)("nothing serious stands in the way of a screen reader while a song plays, on the big screen too (%s)", async (colorScheme) => {
  const room = `axe-song-${colorScheme}`;
  const people = await sit(server.url, room, { 준호: Role.SINGER });
  const jun = people.get("준호")!;
  await jun.pick(await trackId(server.url, "Second Encore"));
  await jun.start();
  const dan = await enter(await browser.context({ colorScheme }), `${house}/room/${room}`, { name: "다은", role: "Watch" });
  await dan.getByRole("region", { name: "Place 1 on stage" }).getByRole("img", { name: "is singing" }).waitFor();
  await expectAccessible(dan);
  const screen = await (await browser.context({ colorScheme, viewport: { width: 1920, height: 1080 } })).newPage();
  await screen.goto(`${house}/stage/${room}`);
  await screen.getByText("1 watching").waitFor();
  await say(dan, "파이팅");
  await screen.getByText("파이팅").waitFor();
  await expectAccessible(screen);
  people.forEach((member) => member.close());
});

test("the keyboard alone is enough", async () => {
  const page = await (await browser.context()).newPage();
  await page.goto(`${house}/room/keys`);
  await page.getByLabel("Your name").focus();
  await page.keyboard.type("Keys");
  await page.keyboard.press("Enter");
  await page.getByRole("log").waitFor();
  await page.getByLabel("Say something").focus();
  await page.keyboard.type("two lines");
  await page.keyboard.press("Shift+Enter");
  await page.keyboard.type("one message");
  await page.keyboard.press("Enter");
  await expectChat(page, ["two lines\none message"]);
});

// A television has a remote: arrows and OK. The big screen needed an admin's log-in and a desktop browser.
test("a remote's arrows alone lead from a full room's link to its big screen, which takes nobody's seat", async () => {
  const watchers = Object.fromEntries(["다은", "Eve", "Fay", "길동", "Hao", "Ida"].map((name) => [name, Role.WATCHER]));
  const people = await sit(server.url, "tv", { 미나: Role.SINGER, 준호: Role.SINGER, ...watchers });
  const page = await (await browser.context({ viewport: { width: 1920, height: 1080 } })).newPage();
  await page.goto(`${house}/room/tv`);
  await page.getByText("Stage is full: 미나, 준호").waitFor();
  await page.getByText("Front row is full").waitFor();
  const focused = () => page.evaluate(() => document.activeElement?.textContent?.trim() ?? "");
  for (let i = 0; i < 20 && (await focused()) !== "Big screen"; i++) {
    await page.keyboard.press(i < 15 ? "ArrowDown" : "ArrowRight");
  }
  expect(await focused()).toBe("Big screen");
  await page.keyboard.press("Enter");
  await page.getByText("6 watching").waitFor();
  for (const name of ["미나", "준호"]) {
    await page.getByRole("heading", { name }).waitFor();
  }
  await page.getByRole("img", { name: "The way into this room" }).waitFor();
  const { rooms } = await new Client({ baseUrl: server.url }).rooms.list();
  expect(rooms.find(({ roomId }) => roomId === "tv")?.counts).toMatchObject({ singers: 2, watchers: 6 });
  people.forEach((room) => room.close());
});

test("below a path of a proxy's all works, and addresses stay below it", async () => {
  const below = await serve("--base-path", "/battle");
  const page = await (await browser.context()).newPage();
  await page.goto(`${below.url}/battle`);
  await page.getByLabel("Room name").fill("Below");
  await page.getByRole("button", { name: "Open a room" }).click();
  await page.getByLabel("Your name").fill("Mina");
  await page.getByRole("button", { name: "Sing", exact: true }).click();
  await say(page, "from below");
  await expectChat(page, ["from below"]);
  expect(new URL(page.url()).pathname).toBe("/battle/room/below");
  await page.reload();
  await expectChat(page, ["from below"]);
  await below.stop();
});

test("a page's link may name a namespace: its rooms are apart from all others, and its links lead back", async () => {
  const context = await browser.context();
  const mina = await enter(context, `${house}/room/apart?namespace=club`, { name: "Mina", role: "Sing" });
  const dan = await enter(await browser.context(), `${house}/room/apart`, { name: "Dan", role: "Sing" });
  await say(dan, "nobody else here");
  await expectChat(dan, ["nobody else here"]);
  await expectChat(mina, []);
  await mina.getByRole("button", { name: "Share" }).click();
  expect(await mina.getByRole("dialog").getByRole("textbox").inputValue()).toBe(`${house}/room/apart?namespace=club`);
  await mina.getByRole("button", { name: "Close" }).click();

  const visitor = await (await browser.context()).newPage();
  await visitor.goto(`${house}/?namespace=club`);
  await visitor.getByRole("link", { name: /apart.*Mina/ }).click();
  await visitor.getByText("1 place on stage").waitFor();
  expect(visitor.url()).toBe(`${house}/room/apart?namespace=club`);
  await visitor.getByRole("button", { name: "Big screen" }).click();
  await visitor.getByText(`${new URL(house).host}/room/apart?namespace=club`).waitFor();
  await visitor.goto(`${house}/?namespace=no%20id`);
  await visitor.getByText("This link isn't whole").waitFor();
});
