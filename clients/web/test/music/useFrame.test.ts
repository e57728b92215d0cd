import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { effectScope } from "vue";
import { momentAt } from "@/music/position";
import { useFrame } from "@/music/useFrame";
import { song } from "./fakes";

const epoch = 1_800_000_000_000;

beforeEach(() => {
  vi.useFakeTimers({ now: epoch });
});
afterEach(() => {
  vi.useRealTimers();
});

it("draws each frame from the end of a count-in to the end of the song, though nothing but the clock has changed", async () => {
  const now = song("a", { startsAtMs: epoch + 3000, lengthMs: 5000 });
  const read = vi.fn(() => momentAt(now, Date.now()));
  const scope = effectScope();
  const moment = scope.run(() => useFrame(read, () => momentAt(now, Date.now()).phase === "playing"))!;
  const reads = async (ms: number) => {
    const before = read.mock.calls.length;
    await vi.advanceTimersByTimeAsync(ms);
    return read.mock.calls.length - before;
  };
  expect(moment.value.phase).toBe("counting");
  expect(await reads(2900)).toBeLessThan(15);
  await reads(400);
  expect(await reads(1000)).toBeGreaterThan(50);
  expect(Math.abs(moment.value.positionMs - 1300)).toBeLessThan(20);
  await reads(4000);
  expect(moment.value.phase).toBe("over");
  expect(await reads(1000)).toBeLessThan(6);
  scope.stop();
  expect(await reads(1000)).toBe(0);
});
