import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { Bounds } from "../../src/room/bounds.js";

interface Step {
  measured?: [sent: number, received: number, answered: number, arrived: number];
  reconnected?: number;
  forgotten?: boolean;
  offset?: number;
  roundTrip?: number;
  partings?: number;
  within?: number;
}

/** The Go SDK is tested by the same table. */
const table = JSON.parse(readFileSync(new URL("../../../testdata/clock.json", import.meta.url), "utf8")) as { name: string; steps: Step[] }[];

test.each(table)("$name", ({ steps }) => {
  const bounds = new Bounds();
  for (const [i, { measured, reconnected, forgotten, offset = 0, roundTrip = 0, partings, within = 1e-3 }] of steps.entries()) {
    if (reconnected !== undefined) {
      bounds.reconnect(reconnected);
    }
    if (forgotten) {
      bounds.forget();
      expect(bounds.at(0)).toBeUndefined();
    }
    if (measured === undefined) {
      continue;
    }
    const [sent, received, answered, arrived] = measured;
    bounds.take({ sent, received, answered, arrived });
    const got = bounds.at(arrived);
    expect(Math.abs((got?.offset ?? NaN) - offset), `step ${i}: offset ${got?.offset}, not ${offset}`).toBeLessThanOrEqual(within);
    expect(Math.abs((got?.roundTrip ?? NaN) - roundTrip), `step ${i}: round trip ${got?.roundTrip}, not ${roundTrip}`).toBeLessThanOrEqual(within);
    if (partings !== undefined) {
      expect(bounds.partings, `step ${i}`).toBe(partings);
    }
  }
});

function numbers(seed: number): () => number {
  let state = seed;
  return () => (state = (state * 1103515245 + 12345) % 2 ** 31) / 2 ** 31;
}

/** errors is how far off the clock is, once for each 100 ms, over a net whose pieces take 150 ± 50 ms each way and don't overtake each other. */
function errors(seed: number, { from, to, driftPerMs, jitterMs = 100 }: { from: number; to: number; driftPerMs: number; jitterMs?: number }): number[] {
  const random = numbers(seed);
  const bounds = new Bounds();
  const truth = (at: number): number => 3e6 + at * driftPerMs;
  const pongs: { sent: number; received: number; arrived: number }[] = [];
  const off: number[] = [];
  let there = 0;
  let back = 0;
  let ping = 0;
  for (let at = 0, pings = 0; at < to; at++) {
    if (at === ping) {
      there = Math.max(there, at + 100 + random() * jitterMs);
      back = Math.max(back, there + 100 + random() * jitterMs);
      pongs.push({ sent: at, received: there + truth(there), arrived: back });
      ping += ++pings < 24 ? 125 : 3000;
    }
    for (let pong = pongs[0]; pong !== undefined && pong.arrived <= at; pong = pongs[0]) {
      bounds.take({ ...pong, answered: pong.received });
      pongs.shift();
    }
    if (at >= from && at % 100 === 0) {
      off.push(Math.abs((bounds.at(at)?.offset ?? NaN) - truth(at)));
    }
  }
  expect(bounds.partings).toBe(0);
  return off;
}

function p95(values: number[]): number {
  return values.sort((a, b) => a - b)[Math.floor(values.length * 0.95)] ?? NaN;
}

const seeds = Array.from({ length: 20 }, (_, i) => (i + 1) * 7919);

test.each([
  { from: 3_000, to: 5_000, driftPerMs: 0, most: 8 },
  { from: 5_000, to: 60_000, driftPerMs: 0, most: 6 },
  { from: 3_000, to: 60_000, driftPerMs: 5e-5, most: 8 },
  { from: 3_000, to: 60_000, driftPerMs: -5e-5, most: 8 },
])("over 150 ± 50 ms the clock is right to $most ms in 95 of 100 moments from $from to $to ms, drifting by $driftPerMs", ({ most, ...over }) => {
  const off = p95(seeds.flatMap((seed) => errors(seed, over)));
  expect(off).toBeLessThanOrEqual(most);
  expect(off).toBeGreaterThan(0);
});
