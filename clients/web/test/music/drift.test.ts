import { describe, expect, it } from "vitest";
import { Drift, type DriftConfig } from "@/music/drift";

interface Write {
  atMs: number;
  rate?: number;
  seek?: number;
}

interface Device {
  startErrorMs: number;
  /** By how much the crystal is faster than the server's clock, as a part. */
  crystal?: number;
  noiseMs?: number;
  seekMs?: number;
  config?: Partial<DriftConfig>;
}

/** Plays for a while on a device that is observed every 100 ms; tells what was written, and the true error at each moment. */
function play(device: Device, forMs: number) {
  const { crystal = 0, noiseMs = 0, seekMs = 80 } = device;
  const drift = new Drift(device.config ?? {});
  const random = lcg(7);
  let error = device.startErrorMs;
  let rate = 1;
  const writes: Write[] = [];
  const errors: number[] = [];
  for (let at = 0; at < forMs; at += 100) {
    errors.push(error);
    const correction = drift.observe(error + (random() - 0.5) * 2 * noiseMs, at);
    if (correction.kind === "rate") {
      rate = correction.rate;
      writes.push({ atMs: at, rate });
    } else if (correction.kind === "seek") {
      error = correction.leadMs - seekMs;
      rate = 1;
      writes.push({ atMs: at, seek: correction.leadMs });
    }
    error += 100 * (rate * (1 + crystal) - 1);
  }
  return { writes, errors, drift };
}

function lcg(seed: number): () => number {
  let state = seed;
  return () => (state = (state * 1103515245 + 12345) % 2 ** 31) / 2 ** 31;
}

const after = (errors: number[], ms: number) => Math.max(...errors.slice(ms / 100).map(Math.abs));

describe("Drift", () => {
  it("writes nothing in the dead band", () => {
    const { writes } = play({ startErrorMs: 2, noiseMs: 3 }, 180_000);
    expect(writes).toEqual([]);
  });

  it.each([-250, -80, -30, 30, 80, 250])("takes %s ms away by the rate alone, within ±6 percent", (startErrorMs) => {
    const { writes, errors } = play({ startErrorMs, noiseMs: 2 }, 30_000);
    expect(writes.every((w) => w.seek === undefined)).toBe(true);
    expect(Math.max(...writes.map((w) => Math.abs((w.rate ?? 1) - 1)))).toBeLessThanOrEqual(0.0601);
    expect(after(errors, 15_000)).toBeLessThan(8);
  });

  it("seeks when far off, led by what seeks cost here", () => {
    const { writes, errors, drift } = play({ startErrorMs: -4000, seekMs: 280 }, 30_000);
    const seeks = writes.filter((w) => w.seek !== undefined);
    expect(seeks.length).toBe(1);
    expect(after(errors, 15_000)).toBeLessThan(8);
    expect(drift.seekLatencyMs).toBeGreaterThan(180);
  });

  it("seeks more and more seldom where seeks never arrive", () => {
    const drift = new Drift();
    let seeks = 0;
    for (let at = 0; at < 120_000; at += 100) {
      seeks += drift.observe(-5000, at).kind === "seek" ? 1 : 0;
    }
    expect(seeks).toBeGreaterThan(2);
    expect(seeks).toBeLessThan(10);
  });

  // Writing the rate every few hundred ms made sound crack on Safari, Bluetooth and in cars.
  it("changes the rate at most once in 5 s, and never seeks, over 3 minutes of settled play with a crystal that is off", () => {
    for (const crystal of [-2e-4, -5e-5, 5e-5, 2e-4]) {
      const { writes, errors } = play({ startErrorMs: 3, crystal, noiseMs: 3 }, 180_000);
      const gaps = writes.slice(1).map((w, i) => w.atMs - (writes[i] as Write).atMs);
      expect(Math.min(Infinity, ...gaps), `crystal ${crystal}: ${JSON.stringify(writes)}`).toBeGreaterThanOrEqual(5000);
      expect(writes.every((w) => w.seek === undefined)).toBe(true);
      expect(after(errors, 0)).toBeLessThan(15);
    }
  });

  it("where a rate can be heard never changes it, and seeks at most every 30 s", () => {
    const { writes } = play({ startErrorMs: 60, crystal: 1e-3, noiseMs: 3, config: { seekOnly: true } }, 300_000);
    expect(writes.every((w) => w.rate === undefined)).toBe(true);
    expect(writes.length).toBeGreaterThan(1);
    const gaps = writes.slice(1).map((w, i) => w.atMs - (writes[i] as Write).atMs);
    expect(Math.min(...gaps)).toBeGreaterThanOrEqual(30_000);
  });

  it("where a rate can be heard seeks again soon while the song is far off, ever more rarely if that doesn't help", () => {
    const slow = play({ startErrorMs: -11_000, seekMs: 900, config: { seekOnly: true } }, 30_000);
    expect(after(slow.errors, 4000)).toBeLessThan(300);
    const hopeless = play({ startErrorMs: -11_000, seekMs: 5000, config: { seekOnly: true } }, 120_000);
    expect(hopeless.writes.length).toBeLessThanOrEqual(8);
  });

  it("isn't led astray by one wild measurement", () => {
    const drift = new Drift();
    for (let at = 0; at < 10_000; at += 100) {
      expect(drift.observe(at === 5000 ? 900 : 1, at)).toEqual({ kind: "none" });
    }
  });
});
