import { LyricsKind, type GetLyricsResponse } from "@singoff/client/protocol";
import { milliseconds } from "./position";

/** A piece of a line, with the space that follows it. Times are in ms from the song's beginning. */
export interface Word {
  text: string;
  startMs: number;
  endMs: number;
}

/** A line of lyrics. */
export interface Line {
  /** Empty: a pause. */
  text: string;
  /** -Infinity: the line isn't timed. */
  startMs: number;
  endMs: number;
  /** None: the line lights up as a whole. */
  words: readonly Word[];
  /** Translations or romanisations shown below it. */
  together: readonly string[];
}

/** A song's lyrics. */
export interface Lyrics {
  /** none, plain text, or timed. */
  kind: "none" | "plain" | "timed";
  lines: readonly Line[];
}

export const noLyrics: Lyrics = { kind: "none", lines: [] };

/** How long a word lasts whose end nothing tells, in ms. */
const lastWordMs = 1000;
/** A line whose next one comes later than this after its last word isn't lit until then, in ms. */
const longestLineMs = 15_000;

/** Reads what the catalogue answers: every end is known afterwards. */
export function readLyrics(response: GetLyricsResponse): Lyrics {
  const timed = response.kind === LyricsKind.LINES || response.kind === LyricsKind.WORDS;
  if (response.lines.length === 0 || response.kind === LyricsKind.UNSPECIFIED) {
    return noLyrics;
  }
  const starts = response.lines.map((line) => (line.start === undefined || !timed ? -Infinity : milliseconds(line.start)));
  const lines = response.lines.map((line, i): Line => {
    const startMs = starts[i] ?? -Infinity;
    const nextMs = starts.slice(i + 1).find((s) => s > startMs) ?? startMs + longestLineMs;
    const endMs = line.end === undefined ? nextMs : milliseconds(line.end);
    const words = line.words.map((word, w): Word => {
      const from = milliseconds(word.start);
      const next = line.words[w + 1];
      const until = word.end ?? next?.start;
      return { text: word.text, startMs: from, endMs: until === undefined ? Math.max(from, Math.min(endMs, from + lastWordMs)) : milliseconds(until) };
    });
    return { text: line.text, startMs, endMs, words, together: line.together };
  });
  return { kind: timed ? "timed" : "plain", lines };
}

/** Which line is sung at a position: its index; -1: none has begun. The lines are in the order of their starts. */
export function lineAt(lines: readonly Line[], positionMs: number): number {
  let low = 0;
  let high = lines.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((lines[middle] as Line).startMs <= positionMs) {
      low = middle + 1;
    } else {
      high = middle;
    }
  }
  return low - 1;
}

/** How much of a word has been sung at a position: 0 to 1. */
export function sung(word: { startMs: number; endMs: number }, positionMs: number): number {
  if (positionMs <= word.startMs) {
    return 0;
  }
  return positionMs >= word.endMs ? 1 : (positionMs - word.startMs) / (word.endMs - word.startMs);
}

/** How long until the next line begins, in ms, where nothing is sung for longer than atLeastMs; else undefined. */
export function pauseUntilNext(lines: readonly Line[], positionMs: number, atLeastMs = 4000): number | undefined {
  const index = lineAt(lines, positionMs);
  const current = lines[index];
  const next = lines.slice(index + 1).find((line) => line.text !== "");
  if (next === undefined || (current !== undefined && current.text !== "" && positionMs < current.endMs)) {
    return undefined;
  }
  const since = current === undefined ? 0 : current.text === "" ? current.startMs : current.endMs;
  return next.startMs - since >= atLeastMs ? next.startMs - positionMs : undefined;
}
