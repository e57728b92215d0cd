import { describe, expect, it } from "vitest";
import { NowPlaying_State } from "@singoff/client/protocol";
import { clockText, milliseconds, momentAt, seconds } from "@/music/position";
import { song } from "./fakes";

describe("momentAt", () => {
  const playing = song("t", { positionMs: 2000, startsAtMs: 10_000, lengthMs: 60_000 });
  it.each([
    ["counts down before the start", playing, 7000, { phase: "counting", positionMs: 2000, startsInMs: 3000, lengthMs: 60_000 }],
    ["begins at the start", playing, 10_000, { phase: "playing", positionMs: 2000, startsInMs: 0, lengthMs: 60_000 }],
    ["moves on", playing, 15_500, { phase: "playing", positionMs: 7500, startsInMs: 0, lengthMs: 60_000 }],
    ["ends at its length", playing, 68_000, { phase: "over", positionMs: 60_000, startsInMs: 0, lengthMs: 60_000 }],
    [
      "goes on where no length is known",
      song("t", { lengthMs: 0 }),
      9e6,
      { phase: "playing", positionMs: 9e6, startsInMs: 0, lengthMs: 0 },
    ],
    [
      "stands while paused",
      song("t", { state: NowPlaying_State.PAUSED, positionMs: 1234 }),
      99_999,
      { phase: "paused", positionMs: 1234, startsInMs: 0, lengthMs: 180_000 },
    ],
    ["is none once stopped", song("t", { state: NowPlaying_State.STOPPED }), 1, { phase: "none", positionMs: 0, startsInMs: 0, lengthMs: 0 }],
    ["is none without a song", undefined, 1, { phase: "none", positionMs: 0, startsInMs: 0, lengthMs: 0 }],
  ])("%s", (_, now, at, want) => {
    expect(momentAt(now, at)).toEqual(want);
  });
});

describe("spans of time", () => {
  it.each([0, 1, 999.5, 1000, 61_234.125, -1500])("%s ms go there and back", (ms) => {
    expect(milliseconds(seconds(ms))).toBeCloseTo(ms, 6);
  });

  it.each([
    [0, "0:00"],
    [65_900, "1:05"],
    [3_665_000, "1:01:05"],
    [-5, "0:00"],
  ])("%s ms read %s", (ms, want) => {
    expect(clockText(ms)).toBe(want);
  });
});
