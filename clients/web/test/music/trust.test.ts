import { describe, expect, it } from "vitest";
import { Trust, type Evidence } from "@/music/trust";

const fine: Evidence = { roundTrip: 40, partings: 0, skewMs: 3 };

/** Looks once a second, and gives what is told at the end. */
function told(trust: Trust, fromS: number, seconds: number, evidence: (s: number) => Partial<Evidence>) {
  let last: ReturnType<Trust["look"]>;
  for (let s = fromS; s < fromS + seconds; s++) {
    last = trust.look({ ...fine, ...evidence(s) }, s * 1000);
  }
  return last;
}

describe("Trust", () => {
  it("says nothing while all is well, also over a slow but honest net", () => {
    expect(told(new Trust(), 0, 60, () => ({ roundTrip: 300, skewMs: -20 }))).toBeUndefined();
  });

  it.each([
    ["net", { roundTrip: 900 }],
    ["device", { skewMs: -180 }],
    ["device", { skewMs: 180 }],
  ] as const)("tells of the %s when it has been bad for a while, and takes it back when it is well", (doubt, bad) => {
    const trust = new Trust();
    expect(told(trust, 0, 8, () => bad)).toBeUndefined();
    expect(told(trust, 8, 2, () => bad)).toBe(doubt);
    expect(told(trust, 10, 3, () => ({}))).toBe(doubt);
    expect(told(trust, 13, 3, () => ({}))).toBeUndefined();
  });

  it("tells of a clock that parts again and again, but not of one that was set once", () => {
    expect(told(new Trust(), 0, 60, (s) => ({ partings: s < 10 ? 0 : 1 }))).toBeUndefined();
    const trust = new Trust();
    expect(told(trust, 0, 30, (s) => ({ partings: Math.floor(s / 5) }))).toBe("clock");
    expect(told(trust, 30, 120, () => ({ partings: 6 }))).toBeUndefined();
  });

  it("isn't alarmed by moments", () => {
    expect(told(new Trust(), 0, 120, (s) => ({ roundTrip: s % 6 === 0 ? 40 : 2000 }))).toBeUndefined();
  });

  it("says nothing where nothing is heard", () => {
    expect(told(new Trust(), 0, 60, () => ({ roundTrip: 5000, skewMs: undefined }))).toBeUndefined();
  });
});
