import { readFile } from "node:fs/promises";
import path from "node:path";
import { expect, inject, onTestFinished, test, vi } from "vitest";
import { WebSocket } from "ws";
import { Client, Role } from "../../src/index.js";

test("the example of the README runs, and has about 20 lines", async () => {
  const example = await readFile(path.join(import.meta.dirname, "example.ts"), "utf8");
  const readme = await readFile(path.join(import.meta.dirname, "../../README.md"), "utf8");
  expect(readme).toContain(`\`\`\`ts\n${example}\`\`\``);
  expect(example.split("\n").filter((line) => line.trim() !== "").length).toBeLessThanOrEqual(22);

  const singer = new Client({ baseUrl: inject("baseUrl"), WebSocket }).join({ title: "Friday battle", nickname: "Jun", role: Role.SINGER });
  await singer.ready();
  vi.stubGlobal("WebSocket", class extends WebSocket {
    constructor(url: string, protocols: string) {
      super(url.replace("ws://127.0.0.1:8080", inject("baseUrl").replace("http", "ws")), protocols);
    }
  });
  const log = vi.spyOn(console, "log").mockReturnValue();
  onTestFinished(() => {
    vi.unstubAllGlobals();
    log.mockRestore();
  });
  await import("./example.js");
  const lines = log.mock.calls.map((call) => call.join(" "));
  expect(lines).toContain("live  1");
  expect(lines).toContain("Mina: hello, all");
  expect(lines.at(-1)).toMatch(/^ended/);
  expect(singer.state.tally(singer.state.selfId)?.upGuests, "the vote of who left stands").toBe(1);
  singer.close();
});
