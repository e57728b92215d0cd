import type { TrackInfo } from "@singoff/client/protocol";
import { expect, test } from "vitest";
import { shallowRef } from "vue";
import { useLines } from "@/music/useLines";

const songs = (from: number, to: number): TrackInfo[] => Array.from({ length: to - from }, (_, i) => ({ track: { trackId: `t${from + i}` } }) as TrackInfo);
const ids = (lines: readonly { row: number; songs: readonly TrackInfo[] }[]) => lines.map(({ row, songs }) => `${row}: ${songs.map((s) => s.track?.trackId).join(" ")}`);

// Each page that was fetched made all rows anew, and everything that was seen was drawn again.
test("songs that are appended leave full lines as they are", () => {
  const tracks = shallowRef<readonly TrackInfo[]>(songs(0, 5));
  const columns = shallowRef(2);
  const lines = useLines(() => tracks.value, () => columns.value);
  const before = lines.value;
  expect(ids(before)).toEqual(["0: t0 t1", "1: t2 t3", "2: t4"]);
  tracks.value = [...tracks.value, ...songs(5, 8)];
  expect(ids(lines.value)).toEqual(["0: t0 t1", "1: t2 t3", "2: t4 t5", "3: t6 t7"]);
  expect(lines.value[0]).toBe(before[0]);
  expect(lines.value[1]).toBe(before[1]);
});

test("other songs and other columns make all lines anew", () => {
  const tracks = shallowRef<readonly TrackInfo[]>(songs(0, 4));
  const columns = shallowRef(2);
  const lines = useLines(() => tracks.value, () => columns.value);
  expect(ids(lines.value)).toEqual(["0: t0 t1", "1: t2 t3"]);
  columns.value = 3;
  expect(ids(lines.value)).toEqual(["0: t0 t1 t2", "1: t3"]);
  tracks.value = songs(10, 14);
  expect(ids(lines.value)).toEqual(["0: t10 t11 t12", "1: t13"]);
  tracks.value = [];
  expect(lines.value).toEqual([]);
});
