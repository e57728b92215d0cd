import type { Tally } from "@singoff/client/protocol";

/** Votes for a singer. */
export function ups(tally: Tally | undefined): number {
  return tally ? tally.upSignedIn + tally.upGuests : 0;
}

/** Votes against a singer. */
export function downs(tally: Tally | undefined): number {
  return tally ? tally.downSignedIn + tally.downGuests : 0;
}

/**
 * How the singers share 100: a vote for one counts for them, a vote against one counts for the others in equal parts. Nobody voted: all alike.
 * The shares are whole and add up to 100.
 */
export function shares(tallies: readonly (Tally | undefined)[]): number[] {
  const others = Math.max(1, tallies.length - 1);
  const against = tallies.reduce((sum, tally) => sum + downs(tally), 0);
  const points = tallies.map((tally) => ups(tally) + (against - downs(tally)) / others);
  const sum = points.reduce((a, b) => a + b, 0);
  const exact = points.map((p) => (sum > 0 ? (100 * p) / sum : 100 / points.length));
  const whole = exact.map(Math.floor);
  const missing = 100 - whole.reduce((a, b) => a + b, 0);
  const byRest = exact.map((value, i) => ({ i, rest: value - Math.floor(value) })).sort((a, b) => b.rest - a.rest);
  for (const { i } of byRest.slice(0, Math.max(0, missing))) {
    whole[i] = (whole[i] ?? 0) + 1;
  }
  return whole;
}
