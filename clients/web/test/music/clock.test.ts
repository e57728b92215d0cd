import { describe, expect, it } from "vitest";
import { SteadyClock } from "@/music/clock";

/** A clock of this device that is set by hand, and what the SDK believes: so much more. */
function clocks(offset: number) {
  const believed = { offset };
  let local = 1e9;
  const clock = new SteadyClock({ now: () => local + believed.offset }, () => local);
  return { clock, believed, pass: (ms: number) => (local += ms), off: () => clock.now() - local };
}

describe("SteadyClock", () => {
  it("shows what the SDK believes", () => {
    const { off } = clocks(5000);
    expect(off()).toBe(5000);
  });

  it("spreads a correction, and is right within a second after a usual one", () => {
    const { believed, pass, off } = clocks(5000);
    let before = off();
    believed.offset = 5040;
    for (let i = 0; i < 100; i++) {
      pass(10);
      const now = off();
      expect(now - before).toBeLessThanOrEqual(0.5);
      expect(now).toBeGreaterThanOrEqual(before);
      before = now;
    }
    expect(before).toBe(5040);
    believed.offset = 5010;
    pass(100);
    expect(off()).toBe(5035);
  });

  it("jumps when a clock was set", () => {
    const { believed, pass, off } = clocks(100);
    off();
    believed.offset = 60_100;
    pass(10);
    expect(off()).toBe(60_100);
  });
});
