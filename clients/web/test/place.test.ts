import { expect, test } from "vitest";
import { parseNamespace, parsePlace, placeURL } from "@/shell/place";

const base = new URL("https://sing.example/battle/");

test.each([
  ["https://sing.example/battle/", { view: "entrance" }],
  ["https://sing.example/battle/room/friday", { view: "room", roomId: "friday" }],
  ["https://sing.example/battle/stage/r-njky5rtrrk?x=1#y", { view: "stage", roomId: "r-njky5rtrrk" }],
  ["https://sing.example/battle/room/", { view: "entrance" }],
  ["https://sing.example/battle/room/a/b", { view: "entrance" }],
  ["https://sing.example/battle/room/%EA%B0%80", { view: "entrance" }],
  [`https://sing.example/battle/room/${"a".repeat(65)}`, { view: "entrance" }],
] as const)("%s", (url, want) => {
  const place = parsePlace(new URL(url), base);
  expect(place).toEqual(want);
  expect(parsePlace(new URL(placeURL(place, base)), base)).toEqual(want);
});

test("a namespace stays in each address of a page", () => {
  for (const place of [{ view: "entrance" }, { view: "room", roomId: "friday" }, { view: "stage", roomId: "friday" }] as const) {
    const url = new URL(placeURL(place, base, "club"));
    expect(parseNamespace(url)).toBe("club");
    expect(parsePlace(url, base)).toEqual(place);
  }
  expect(placeURL({ view: "room", roomId: "friday" }, base, "")).toBe("https://sing.example/battle/room/friday");
  expect(parseNamespace(new URL("https://sing.example/battle/?namespace="))).toBe("");
  for (const wrong of ["a%20b", "%EA%B0%80", "a".repeat(65), "a/b"]) {
    expect(parseNamespace(new URL(`https://sing.example/battle/?namespace=${wrong}`))).toBeUndefined();
  }
});
