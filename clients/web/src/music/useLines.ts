import type { TrackInfo } from "@singoff/client/protocol";
import { computed, type ComputedRef } from "vue";

/** Songs that stand beside each other. */
export interface Line {
  row: number;
  songs: readonly TrackInfo[];
}

/** Cuts songs into lines. When more were appended the full lines stay the same ones, so that only new ones are drawn. */
export function useLines(tracks: () => readonly TrackInfo[], columns: () => number): ComputedRef<readonly Line[]> {
  let cut: { tracks: readonly TrackInfo[]; columns: number; lines: readonly Line[] } = { tracks: [], columns: 0, lines: [] };
  return computed(() => {
    const [all, wide] = [tracks(), columns()];
    const full = wide === cut.columns && isPrefix(cut.tracks, all) ? Math.floor(cut.tracks.length / wide) : 0;
    const lines = cut.lines.slice(0, full);
    for (let row = full; row * wide < all.length; row++) {
      lines.push({ row, songs: all.slice(row * wide, (row + 1) * wide) });
    }
    cut = { tracks: all, columns: wide, lines };
    return lines;
  });
}

/** Whether a list is the beginning of another: its ends tell, since pages are appended whole. */
function isPrefix(part: readonly TrackInfo[], whole: readonly TrackInfo[]): boolean {
  return part.length <= whole.length && part[0] === whole[0] && part.at(-1) === whole[part.length - 1];
}
