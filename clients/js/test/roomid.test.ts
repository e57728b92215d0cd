import { expect, test } from "vitest";
import { isId, roomId } from "../src/index.js";

test.each([
  ["Friday", "friday"],
  [" friday\n", "friday"],
  ["Friday battle", "r-sgrnf7hucm"],
  ["friday BATTLE ", "r-sgrnf7hucm"],
  ["금요일 배틀", "r-njky5rtrrk"],
  ["금요일 배틀".normalize("NFD"), "r-njky5rtrrk"],
  ["  ㅋㅋ ", "r-veuivfcg4a"],
  ["🎤🔥", "r-f2t3nxvtf2"],
  ["café", "r-quhx3rbzcd"],
  ["cafe\u0301", "r-quhx3rbzcd"],
  ["ÄRGER", "r-kx5qdhio3d"],
  ["ÀÉ", "r-lvgoio6gck"],
  ["ΑΣ", "r-vi6zrlr5ud"], // the sigma at the end is another one
  ["İstanbul", "r-jjg7cihx2h"],
  ["a".repeat(65), "r-mnjwdrelxh"],
  ["r-abc", "r-abc"],
  ["", "r-4oymiquy7q"],
])("the id of %j is that of every client", (title, want) => {
  expect(roomId(title)).toBe(want);
  expect(isId(want)).toBe(true);
  expect(roomId(want)).toBe(want);
});

test("white space is Unicode's: U+0085 is, U+FEFF isn't", () => {
  expect(roomId("\u0085friday\u0085")).toBe("friday");
  expect(roomId("\ufefffriday")).not.toBe("friday");
});
