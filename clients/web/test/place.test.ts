import { expect, test } from "vitest";
import { parsePlace, placeURL } from "@/shell/place";

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
