import { chromium, type Browser, type BrowserContext, type BrowserContextOptions, type Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, expect } from "vitest";

/** Debian's Chromium, or another by this variable. */
export const executablePath = process.env["CHROMIUM"] ?? "/usr/bin/chromium";

/** How long something may take on a machine that is busy with other tests, in ms. */
export const patience = 60_000;

/** A browser that a file of tests uses. */
export interface UsedBrowser {
  /** A person's own browser, so to say: nothing is shared with the others. */
  context(options?: BrowserContextOptions): Promise<BrowserContext>;
  /** What the pages' consoles complained of in this test. */
  problems: string[];
  /** The processes in which pages run. */
  renderers(): Promise<number[]>;
  /** Looks at the tasks of a page's main thread while something is done: how long each took, in ms, and how much of it was processor time. */
  tasks(page: Page, during: () => Promise<void>): Promise<Task[]>;
}

/** What kept a page's main thread busy at one go, in ms. */
export interface Task {
  took: number;
  processor: number;
}

/** Chromium for a file of tests; it gives contexts that end with each test. "!--flag" leaves out one that Playwright gives by itself. */
export function useBrowser(...flags: string[]): UsedBrowser {
  let browser: Browser;
  const contexts: BrowserContext[] = [];
  const problems: string[] = [];
  beforeAll(async () => {
    browser = await chromium.launch({
      executablePath,
      args: ["--no-sandbox", "--disable-gpu", "--disable-background-networking", ...flags.filter((flag) => !flag.startsWith("!"))],
      ignoreDefaultArgs: flags.filter((flag) => flag.startsWith("!")).map((flag) => flag.slice(1)),
    });
  });
  afterAll(() => browser.close());
  afterEach(async () => {
    await Promise.all(contexts.splice(0).map((context) => context.close()));
    expect(problems.splice(0), "what the page's console complained of").toEqual([]);
  });
  return {
    problems,
    async renderers() {
      const session = await browser.newBrowserCDPSession();
      const { processInfo } = await session.send("SystemInfo.getProcessInfo");
      await session.detach();
      return processInfo.filter(({ type }) => type === "renderer").map(({ id }) => id);
    },
    async tasks(page, during) {
      await browser.startTracing(page, { categories: ["toplevel", "disabled-by-default-devtools.timeline", "__metadata"] });
      await during();
      const { traceEvents } = JSON.parse(String(await browser.stopTracing())) as { traceEvents: TraceEvent[] };
      const mains = new Set(traceEvents.filter((e) => e.name === "thread_name" && e.args?.name === "CrRendererMain").map((e) => `${e.pid}/${e.tid}`));
      return traceEvents
        .filter((e) => e.name === "RunTask" && mains.has(`${e.pid}/${e.tid}`))
        .map(({ dur = 0, tdur = 0 }) => ({ took: dur / 1000, processor: tdur / 1000 }));
    },
    async context(options = {}) {
      const context = await browser.newContext({ locale: "en-GB", reducedMotion: "reduce", ...options });
      context.setDefaultTimeout(patience);
      context.on("weberror", (error) => problems.push(String(error.error())));
      context.on("console", (message) => {
        // A network that is cut on purpose is told by the browser too.
        if (message.type() === "error" && !/net::|WebSocket connection|Failed to load resource/.test(message.text())) {
          problems.push(message.text());
        }
      });
      contexts.push(context);
      return context;
    },
  };
}

interface TraceEvent {
  name: string;
  pid: number;
  tid: number;
  args?: { name?: string };
  /** In µs, as is tdur, the thread's processor time. */
  dur?: number;
  tdur?: number;
}

/** Who takes a seat. */
export interface Guest {
  name: string;
  role: "Sing" | "Watch";
}

/** Opens a room's link and takes a seat. */
export async function enter(context: BrowserContext, url: string, { name, role }: Guest): Promise<Page> {
  const page = await context.newPage();
  await page.goto(url);
  await takeSeat(page, { name, role });
  return page;
}

/** Takes a seat at the door. */
export async function takeSeat(page: Page, { name, role }: Guest): Promise<void> {
  await page.getByLabel("Your name").fill(name);
  await page.getByRole("button", { name: new RegExp(`^${role}`) }).click();
  await page.getByRole("log").waitFor();
}

/** Says something in the chat. */
export async function say(page: Page, text: string): Promise<void> {
  const field = page.getByLabel("Say something");
  await field.fill(text);
  await field.press("Enter");
}

/** Looks that nothing sticks out of a page to its side. */
export async function expectWithin(page: Page, what: string): Promise<void> {
  const wide = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
  expect(wide, `${what}: pixels beyond the page's width`).toBeLessThanOrEqual(0);
}

/** The lines of chat that a page shows, without names and notes. */
export function chat(page: Page): Promise<string[]> {
  return page.locator(".chat .line .text").allInnerTexts();
}

/** Waits until a page's chat is exactly this. */
export async function expectChat(page: Page, want: string[], timeout = patience): Promise<void> {
  await expect.poll(() => chat(page), { timeout }).toEqual(want);
}
