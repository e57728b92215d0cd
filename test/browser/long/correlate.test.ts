import { expect, test } from "vitest";
import { lag } from "./correlate.ts";

const rate = 48_000;

function noise(length: number): Int16Array {
  let state = 7;
  let held = 0;
  return Int16Array.from({ length }, (_, i) => {
    if (i % 6 === 0) {
      state = (state * 1103515245 + 12345) % 2 ** 31;
      held = Math.round((state / 2 ** 31 - 0.5) * 6000);
    }
    return held;
  });
}

test.each([0, 3, -12.5, 150])("finds that a sound is later by %d ms", (ms) => {
  const all = noise(2 * rate);
  const shift = (ms / 1000) * rate;
  const found = lag(all.subarray(rate / 2, rate / 2 + rate), all.subarray(rate / 2 - shift, rate / 2 - shift + rate), rate, 200);
  expect(found.ms).toBeCloseTo(ms, 1);
  expect(found.alike).toBeGreaterThan(0.99);
});

test("finds nothing alike in two noises", () => {
  const all = noise(4 * rate);
  expect(lag(all.subarray(0, rate), all.subarray(3 * rate), rate, 200).alike).toBeLessThan(0.3);
});
