import { readFileSync, readdirSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { expect, test } from "vitest";

const vuetify = createRequire(import.meta.url).resolve("vuetify/styles").replace(/main\.css$/, "");
const src = `${import.meta.dirname}/../src/`;
const read = (path: string) => readFileSync(path, "utf8");
const classes = (css: string) => new Set([...css.matchAll(/\.([a-z][\w-]*)/g)].map(([, name = ""]) => name));

function templates(folder: string): string[] {
  return readdirSync(folder, { recursive: true, encoding: "utf8" }).filter((file) => file.endsWith(".vue")).map((file) => join(folder, file));
}

// The page takes the core of Vuetify's styles and this short list, instead of all its utility classes.
test("each utility class of Vuetify that a template names is in the page's own list, and no other", () => {
  const all = new Set([...classes(read(`${vuetify}utilities.css`)), ...classes(read(`${vuetify}colors.css`))]);
  expect(all.size, "utility classes of Vuetify").toBeGreaterThan(1000);
  const used = new Set<string>();
  for (const file of templates(src)) {
    for (const [, list = ""] of read(file).matchAll(/\sclass="([^"]*)"/g)) {
      list.split(/\s+/).filter((name) => all.has(name)).forEach((name) => used.add(name));
    }
  }
  const byComponents = ["rounded-0", "rounded-lg", "rounded-xl"]; // of Vuetify's own, and what theme.ts asks of buttons and cards
  const listed = classes(read(join(src, "shell/utilities.css")).replace(/\/\*.*?\*\/|@layer [\w.-]+/gs, ""));
  expect([...listed].sort()).toEqual([...new Set([...used, ...byComponents])].sort());
});
