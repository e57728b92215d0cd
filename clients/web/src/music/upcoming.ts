import { lineAt, type Line } from "./lyrics";

/** A line with its place. */
export interface Shown {
  index: number;
  line: Line;
  active: boolean;
}

/** The line being sung, or the next one where nothing is, and the one after it: pauses aren't shown. */
export function upcoming(lines: readonly Line[], positionMs: number, count = 2): Shown[] {
  const now = lineAt(lines, positionMs);
  const shown: Shown[] = [];
  for (let index = Math.max(0, now); index < lines.length && shown.length < count; index++) {
    const line = lines[index] as Line;
    if (line.text !== "" && (index > now || positionMs < line.endMs)) {
      shown.push({ index, line, active: index === now });
    }
  }
  return shown;
}
