import { afterAll, beforeAll, expect, test } from "vitest";
import { takeSeat, useBrowser } from "./stand/browser.ts";
import { serve, type Server } from "./stand/server.ts";

const browser = useBrowser();
let server: Server;
beforeAll(async () => (server = await serve()));
afterAll(() => server.stop());

test.each(["script", "stylesheet"])("a part of the page whose %s doesn't come the first time is asked for again", async (kind) => {
  const context = await browser.context();
  const page = await context.newPage();
  let lost = 0;
  await page.route(/\/assets\/BattlePage-.*/, (route) => (route.request().resourceType() === kind && lost++ === 0 ? route.abort() : route.continue()));
  await page.goto(`${server.url}/room/lost-${kind}`);
  await takeSeat(page, { name: "Mina", role: "Sing" });
  expect(lost).toBeGreaterThanOrEqual(1);
  // What the part looks like has come as well.
  expect(await page.locator(".chat").first().evaluate((chat) => getComputedStyle(chat).display)).not.toBe("block");
});

test("a part that never comes is told, with a way to try again", async () => {
  const context = await browser.context();
  const page = await context.newPage();
  await page.route(/\/assets\/BattlePage-.*\.js/, (route) => route.abort());
  await page.goto(`${server.url}/room/never`);
  await page.getByText("A part of the page didn't arrive.").waitFor();
  await page.unroute(/\/assets\/BattlePage-.*\.js/);
  await page.getByRole("button", { name: "Load it again" }).click();
  await page.getByLabel("Your name").waitFor();
  browser.problems.length = 0; // Vue tells of the part that failed
});

test("a page whose script doesn't come isn't blank: it says so after a while, with a link that loads it again where one was", async () => {
  const context = await browser.context();
  const page = await context.newPage();
  const entry = /\/assets\/index-.*\.js/;
  await page.route(entry, (route) => route.abort());
  await page.goto(`${server.url}/room/blank?namespace=club`);
  const late = page.locator(".late");
  expect(await late.isVisible()).toBe(false); // a page that is only slow doesn't flicker
  const waits = await late.evaluate((element) => element.getAnimations().map((animation) => {
    const { delay } = animation.effect!.getTiming();
    animation.finish(); // instead of waiting
    return delay;
  }));
  expect(waits).toEqual([8000]);
  await page.getByText("The page hasn't quite arrived.").waitFor();
  await page.getByText("페이지가 아직 다 오지 않았어요.").waitFor();
  await page.unroute(entry);
  await page.getByRole("link", { name: "Load it again" }).click();
  await page.getByLabel("Your name").waitFor();
  expect(page.url()).toBe(`${server.url}/room/blank?namespace=club`);
  expect(await late.count()).toBe(0);
});
