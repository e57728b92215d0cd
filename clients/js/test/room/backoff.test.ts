import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { Backoff } from "../../src/room/backoff.js";

interface Step {
  at: number;
  tried?: boolean;
  settled?: boolean;
  brief?: boolean;
  woken?: boolean;
  failed?: { dice: number; retryAfter?: number };
  next?: number;
}

/** The Go SDK is tested by the same table. */
const table = JSON.parse(readFileSync(new URL("../../../testdata/backoff.json", import.meta.url), "utf8")) as { name: string; steps: Step[] }[];

test.each(table)("$name", ({ steps }) => {
  let dice = NaN;
  const backoff = new Backoff(() => dice);
  for (const [i, { at, tried, settled, brief, woken, failed, next }] of steps.entries()) {
    let got: number | undefined;
    if (tried) {
      backoff.tried(at);
    } else if (settled) {
      backoff.settled();
    } else if (brief) {
      backoff.brief();
    } else if (woken) {
      got = backoff.woken(at);
    } else if (failed) {
      dice = failed.dice;
      got = backoff.next(at, failed.retryAfter ?? 0);
    } else {
      expect.fail(`step ${i} says nothing`);
    }
    expect(got, `step ${i}`).toBe(next);
  }
});

test("200 clients that are sent away at once come back spread, more thinly with every failure", () => {
  const crowd = Array.from({ length: 200 }, () => ({ backoff: new Backoff(), at: 0 }));
  for (const failures of [0, 1, 2, 3, 4]) {
    for (const one of crowd) {
      one.at = one.backoff.next(one.at, 0);
      one.backoff.tried(one.at);
    }
    const times = crowd.map(({ at }) => at);
    expect(Math.max(...times) - Math.min(...times), `after ${failures + 1} failures`).toBeGreaterThan(500 * (failures + 1) * 0.8);
  }
});

test("never more than 6 tries in any 10 s, whatever the dice say", () => {
  for (const dice of [() => 0, () => 0.999, Math.random]) {
    const backoff = new Backoff(dice);
    const tries: number[] = [];
    for (let now = 0, i = 0; i < 30; i++) {
      backoff.tried(now);
      tries.push(now);
      now = backoff.next(now, 0);
    }
    tries.forEach((at, i) => { expect(tries[i + 6] ?? Infinity).toBeGreaterThanOrEqual(at + 10_000); });
  }
});
