import { expect, test } from "vitest";
import { Backoff } from "../../src/room/backoff.js";

test("200 clients that are sent away at once come back spread, more thinly with every failure", () => {
  const crowd = Array.from({ length: 200 }, () => new Backoff());
  const spreads = [0, 1, 2, 3, 4, 5].map(() => {
    const times = crowd.map((backoff) => {
      backoff.tried(0);
      return backoff.next(0, 0);
    });
    return Math.max(...times) - Math.min(...times);
  });
  spreads.slice(0, 5).forEach((spread, failures) => {
    expect(spread, `after ${failures + 1} failures`).toBeGreaterThan(250 * 2 ** failures * 0.8);
  });
});

test("never more than 6 tries in any 10 s, whatever the dice say", () => {
  const backoff = new Backoff(() => 0);
  const tries: number[] = [];
  for (let now = 0, i = 0; i < 30; i++) {
    backoff.tried(now);
    tries.push(now);
    now = backoff.next(now, 0);
  }
  tries.forEach((at, i) => { expect(tries[i + 6] ?? Infinity).toBeGreaterThanOrEqual(at + 10_000); });
});

test("it grows up to 15 s, waits for the server's time, and begins anew once a connection was of use", () => {
  const backoff = new Backoff(() => 0.999);
  const waits = Array.from({ length: 12 }, (_, i) => Math.round(backoff.next(i * 1e6, 0) - i * 1e6));
  expect(waits.slice(0, 4)).toEqual([250, 500, 999, 1998]);
  expect(waits.at(-1)).toBe(14_985);
  expect(backoff.next(0, 5_000)).toBeGreaterThan(5_000);
  backoff.settled();
  expect(Math.round(backoff.next(0, 0))).toBe(250);
});
