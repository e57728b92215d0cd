import { execFile } from "node:child_process";
import { readFile } from "node:fs/promises";
import path from "node:path";
import { promisify } from "node:util";
import { expect, test } from "vitest";

const root = path.resolve(import.meta.dirname, "..");

test("the package holds what is built, what it says of itself, and nothing else", { timeout: 120_000 }, async () => {
  const { stdout } = await promisify(execFile)("npm", ["pack", "--dry-run", "--json"], { cwd: root });
  const [{ files, size }] = JSON.parse(stdout.slice(stdout.indexOf("["))) as [{ files: { path: string }[]; size: number }];
  const paths = files.map((file) => file.path);
  expect(paths.filter((file) => !file.startsWith("dist/")).sort()).toEqual(["LICENSE", "README.md", "package.json"]);
  expect(paths.filter((file) => !/\.(js|d\.ts)$/.test(file)).sort()).toEqual(["LICENSE", "README.md", "package.json"]);
  const { exports } = JSON.parse(await readFile(path.join(root, "package.json"), "utf8")) as { exports: Record<string, Record<string, string>> };
  for (const target of Object.values(exports).flatMap((entry) => Object.values(entry))) {
    expect(paths).toContain(target.replace(/^\.\//, ""));
  }
  expect(size).toBeLessThan(100_000);
});

test("the lock file names no host", async () => {
  expect(await readFile(path.join(root, "package-lock.json"), "utf8")).not.toMatch(/"resolved"/);
});
