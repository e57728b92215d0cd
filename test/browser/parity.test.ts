import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { root } from "./stand/paths.ts";

test("each behaviour of the prototype's pages names a test that exists", async () => {
  const page = await readFile(join(root, "docs/parity.md"), "utf8");
  const rows = [...page.matchAll(/\| `([\w-]+\.test\.ts)`: (.+) \|$/gm)];
  expect(rows.length).toBeGreaterThanOrEqual(6);
  for (const [, file = "", name = ""] of rows) {
    const source = await readFile(join(root, "test/browser", file), "utf8");
    expect(source.includes(JSON.stringify(name)), `${file} has a test named ${name}`).toBe(true);
  }
});
