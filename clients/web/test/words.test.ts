import { readFileSync, readdirSync } from "node:fs";
import { expect, test } from "vitest";
import { spoken } from "@/shell/i18n";
import { en } from "@/shell/i18n/en";
import { ko } from "@/shell/i18n/ko";

type Tree = { [key: string]: string | Tree };

function leaves(tree: Tree, path = ""): [string, string][] {
  return Object.entries(tree).flatMap(([key, value]) =>
    typeof value === "string" ? [[path + key, value] as [string, string]] : leaves(value, `${path}${key}.`),
  );
}
const holes = (text: string) => [...new Set(text.match(/\{\w+\}/g) ?? [])].sort();

test("Korean and English have the same words with the same holes", () => {
  const english = new Map(leaves(en));
  const korean = new Map(leaves(ko));
  expect([...korean.keys()].sort()).toEqual([...english.keys()].sort());
  for (const [key, text] of english) {
    expect(holes(korean.get(key) ?? ""), key).toEqual(holes(text));
  }
});

test("no word is there that nobody says", () => {
  const src = `${import.meta.dirname}/../src/`;
  const files = readdirSync(src, { recursive: true, encoding: "utf8" }).filter((file) => /\.(vue|ts)$/.test(file) && !/i18n.(en|ko)\.ts$/.test(file));
  const sources = files.map((file) => readFileSync(src + file, "utf8")).join();
  // Some are named in parts: t(`host.${act}Sure`).
  const inParts = [...sources.matchAll(/t\(`([^`]*)`/g)].map(([, name = ""]) => new RegExp(`^${name.replace(/\./g, "\\.").replace(/\$\{[^}]*\}/g, "\\w+")}$`));
  expect(inParts.length).toBeGreaterThan(0);
  const unsaid = leaves(en).map(([key]) => key).filter((key) => !sources.includes(`"${key}"`) && !sources.includes(`'${key}'`) && !inParts.some((form) => form.test(key)));
  expect(unsaid).toEqual([]);
});

test.each([
  [["ko-KR", "en"], "ko"],
  [["fr", "ko"], "ko"],
  [["de", "en-GB"], "en"],
  [["kok"], "en"],
  [[], "en"],
] as const)("a browser that speaks %j reads %s", (languages, want) => {
  expect(spoken(languages)).toBe(want);
});
