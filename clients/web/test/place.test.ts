import { roomId } from "@singoff/client";
import { expect, test } from "vitest";
import { parseNamespace, parsePlace, placeURL } from "@/shell/place";

const base = new URL("https://sing.example/battle/");

test.each([
  ["https://sing.example/battle/", { view: "entrance" }],
  ["https://sing.example/battle/room/friday", { view: "room", roomId: "friday" }],
  ["https://sing.example/battle/stage/r-njky5rtrrk?x=1#y", { view: "stage", roomId: "r-njky5rtrrk" }],
  ["https://sing.example/battle/room/", { view: "entrance" }],
  ["https://sing.example/battle/room/a/b", { view: "entrance" }],
  ["https://sing.example/battle/room/%FF%FE", { view: "entrance" }],
  ["https://sing.example/battle/room/%20", { view: "entrance" }],
  [`https://sing.example/battle/room/${"%EA%B0%80".repeat(101)}`, { view: "entrance" }],
] as const)("%s", (url, want) => {
  const place = parsePlace(new URL(url), base);
  expect(place).toEqual(want);
  expect(parsePlace(new URL(placeURL(place, base)), base)).toEqual(want);
});

// Who typed a room's title into the address bar came to the entrance without a word.
test.each([
  ["https://sing.example/battle/room/금요일 배틀", "room", "r-njky5rtrrk", "금요일 배틀"],
  ["https://sing.example/battle/stage/%E1%84%80%E1%85%B3%E1%86%B7%E1%84%8B%E1%85%AD%E1%84%8B%E1%85%B5%E1%86%AF%20%E1%84%87%E1%85%A2%E1%84%90%E1%85%B3%E1%86%AF", "stage", "r-njky5rtrrk", "금요일 배틀"],
  ["https://sing.example/battle/room/%20Friday%20battle", "room", "r-sgrnf7hucm", "Friday battle"],
  [`https://sing.example/battle/room/${"a".repeat(65)}`, "room", "r-mnjwdrelxh", "a".repeat(65)],
  ["https://sing.example/battle/room/AC%2FDC", "room", roomId("AC/DC"), "AC/DC"],
] as const)("%s names a room by its title", (url, view, id, title) => {
  const place = parsePlace(new URL(url), base);
  expect(place).toEqual({ view, roomId: id, title });
  expect(parsePlace(new URL(placeURL(place, base)), base)).toEqual({ view, roomId: id });
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
