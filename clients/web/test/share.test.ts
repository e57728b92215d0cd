import type { Tally } from "@singoff/client/protocol";
import { expect, test } from "vitest";
import { downs, shares, ups } from "@/battle/share";

const tally = (up: number, down: number) => ({ upSignedIn: 1 * up, upGuests: 0, downSignedIn: 0, downGuests: down }) as Tally;

test.each([
  { name: "nobody voted", tallies: [tally(0, 0), tally(0, 0)], want: [50, 50] },
  { name: "all for one", tallies: [tally(3, 0), tally(0, 0)], want: [100, 0] },
  { name: "a vote against one is worth a vote for the other", tallies: [tally(1, 0), tally(0, 1)], want: [100, 0] },
  { name: "five to three", tallies: [tally(5, 0), tally(3, 0)], want: [63, 37] },
  { name: "a free place", tallies: [undefined, tally(1, 0)], want: [0, 100] },
  { name: "three singers", tallies: [tally(1, 0), tally(1, 0), tally(1, 0)], want: [34, 33, 33] },
])("$name", ({ tallies, want }) => {
  const got = shares(tallies);
  expect(got).toEqual(want);
  expect(got.reduce((a, b) => a + b, 0)).toBe(100);
});

test("guests and signed-in users count alike", () => {
  const mixed = { upSignedIn: 2, upGuests: 3, downSignedIn: 4, downGuests: 5 } as Tally;
  expect([ups(mixed), downs(mixed), ups(undefined)]).toEqual([5, 9, 0]);
});
