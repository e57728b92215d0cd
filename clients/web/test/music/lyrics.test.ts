import { describe, expect, it } from "vitest";
import { LyricsKind, type GetLyricsResponse } from "@singoff/client/protocol";
import { lineAt, pauseUntilNext, readLyrics, sung } from "@/music/lyrics";
import { seconds } from "@/music/position";
import { upcoming } from "@/music/upcoming";

const at = (ms: number) => ({ $typeName: "google.protobuf.Duration" as const, ...seconds(ms) });
const time = (ms: number | undefined) => (ms === undefined ? {} : { start: at(ms) });

/** An answer of the catalogue: lines of start, text, end and words (start, text). */
function answer(kind: LyricsKind, lines: [number | undefined, string, (number | undefined)?, [number, string][]?][]): GetLyricsResponse {
  return {
    $typeName: "singoff.v1.GetLyricsResponse",
    kind,
    lines: lines.map(([start, text, end, words = []]) => ({
      $typeName: "singoff.v1.LyricsLine",
      text,
      ...time(start),
      ...(end === undefined ? {} : { end: at(end) }),
      words: words.map(([s, t]) => ({ $typeName: "singoff.v1.LyricsWord", text: t, ...time(s) })),
      together: [],
    })),
  } as GetLyricsResponse;
}

const timed = readLyrics(
  answer(LyricsKind.WORDS, [
    [1000, "Paper boats", undefined, [[1000, "Paper "], [1800, "boats"]]],
    [4000, "on the river"],
    [6000, ""],
    [20_000, "home"],
  ]),
);

describe("readLyrics", () => {
  it("knows each end: of a line by the next, of a word by the next, of a line's last word after a second at most", () => {
    expect(timed.kind).toBe("timed");
    expect(timed.lines.map((l) => [l.startMs, l.endMs])).toEqual([[1000, 4000], [4000, 6000], [6000, 20_000], [20_000, 35_000]]);
    expect(timed.lines[0]?.words).toEqual([
      { text: "Paper ", startMs: 1000, endMs: 1800 },
      { text: "boats", startMs: 1800, endMs: 2800 },
    ]);
  });

  it("shows plain text as text, without times", () => {
    const plain = readLyrics(answer(LyricsKind.PLAIN, [[undefined, "one"], [undefined, "two"]]));
    expect(plain.kind).toBe("plain");
    expect(plain.lines.map((l) => l.text)).toEqual(["one", "two"]);
  });

  it("is none without lines", () => {
    expect(readLyrics(answer(LyricsKind.LINES, [])).kind).toBe("none");
  });

  it("takes the end that is given", () => {
    expect(readLyrics(answer(LyricsKind.LINES, [[0, "a", 900], [5000, "b"]])).lines[0]?.endMs).toBe(900);
  });
});

describe("lineAt", () => {
  it.each([[0, -1], [1000, 0], [3999, 0], [4000, 1], [19_999, 2], [99_999, 3]])("at %s ms it is line %s", (ms, want) => {
    expect(lineAt(timed.lines, ms)).toBe(want);
  });
});

describe("sung", () => {
  it.each([[900, 0], [1000, 0], [1400, 0.5], [1800, 1], [9000, 1]])("at %s ms %s of the word is sung", (ms, want) => {
    expect(sung({ startMs: 1000, endMs: 1800 }, ms)).toBe(want);
  });

  it("is whole at once where a word has no length", () => {
    expect(sung({ startMs: 5, endMs: 5 }, 6)).toBe(1);
  });
});

describe("upcoming", () => {
  it.each([
    [0, [["Paper boats", false], ["on the river", false]]],
    [1500, [["Paper boats", true], ["on the river", false]]],
    [5000, [["on the river", true], ["home", false]]],
    [7000, [["home", false]]],
    [20_500, [["home", true]]],
  ])("at %s ms shows what is sung and what comes", (ms, want) => {
    expect(upcoming(timed.lines, ms).map((s) => [s.line.text, s.active])).toEqual(want);
  });
});

describe("pauseUntilNext", () => {
  it("counts down a long pause, and no short one", () => {
    expect(pauseUntilNext(timed.lines, 8000)).toBe(12_000);
    expect(pauseUntilNext(timed.lines, 0)).toBeUndefined();
    expect(pauseUntilNext(timed.lines, 5000)).toBeUndefined();
    expect(pauseUntilNext(timed.lines, 36_000)).toBeUndefined();
  });
});
