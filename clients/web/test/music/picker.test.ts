import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { effectScope, nextTick, reactive, shallowRef, type EffectScope } from "vue";
import { ListTracksRequest_Order, type TrackInfo } from "@singoff/client/protocol";
import { useChoice, type Grid } from "@/music/useChoice";
import { Shelf, type Catalogue } from "@/music/shelf";
import { useSongs, type Lister } from "@/music/useSongs";

const info = (trackId: string) => ({ $typeName: "singoff.v1.TrackInfo", track: { trackId, title: trackId }, audioUrl: `/songs/${trackId}/audio` }) as TrackInfo;

let scope: EffectScope;
beforeEach(() => {
  vi.useFakeTimers();
  scope = effectScope();
});
afterEach(() => {
  scope.stop();
  vi.useRealTimers();
});

/** A catalogue of 300 songs, whose answers come when the test says so. */
function catalogue() {
  const calls: { query: string; pageToken: string; answer(): void; fail(): void }[] = [];
  const listTracks = vi.fn(
    (request: { query: string; pageToken: string }) =>
      new Promise((resolve, reject) => {
        const from = Number(request.pageToken || 0);
        const ids = Array.from({ length: 300 }, (_, i) => `${request.query}${i}`);
        calls.push({
          ...request,
          answer: () => resolve({ tracks: ids.slice(from, from + 120).map(info), totalSize: 300, nextPageToken: from + 120 < 300 ? String(from + 120) : "" }),
          fail: () => reject(new Error("unavailable")),
        });
      }),
  );
  return { lister: { listTracks } as unknown as Lister, calls };
}

const order = ListTracksRequest_Order.TITLE;
const flush = () => vi.advanceTimersByTimeAsync(1);

describe("useSongs", () => {
  it("searches while one types, once for what was typed quickly, and shows no answer that comes too late", async () => {
    const { lister, calls } = catalogue();
    const search = reactive({ query: "", order, folder: "" });
    const songs = scope.run(() => useSongs(lister, () => search, () => true))!;
    await flush();
    calls[0]!.answer();
    await flush();
    expect([songs.state.value, songs.total.value, songs.tracks.value.length]).toEqual(["ready", 300, 120]);
    for (const query of ["ㄱ", "가", "강"]) {
      search.query = query;
      await vi.advanceTimersByTimeAsync(50);
    }
    await vi.advanceTimersByTimeAsync(200);
    expect(calls.slice(1).map((c) => c.query)).toEqual(["강"]);
    search.query = "강나";
    await vi.advanceTimersByTimeAsync(200);
    calls[2]!.answer();
    await flush();
    calls[1]!.answer();
    await flush();
    expect(songs.tracks.value[0]?.track?.trackId).toBe("강나0");
  });

  it("fetches page after page, one at a time, to the end", async () => {
    const { lister, calls } = catalogue();
    const songs = scope.run(() => useSongs(lister, () => ({ query: "", order, folder: "" }), () => true))!;
    await flush();
    calls[0]!.answer();
    await flush();
    for (let i = 1; i < 6; i++) {
      songs.more();
      songs.more();
      await flush();
      calls[i]?.answer();
      await flush();
    }
    expect(calls.map((c) => c.pageToken)).toEqual(["", "120", "240"]);
    expect(songs.tracks.value.length).toBe(300);
  });

  it("says that the songs can't be reached, and asks again when it is told to", async () => {
    const { lister, calls } = catalogue();
    const songs = scope.run(() => useSongs(lister, () => ({ query: "", order, folder: "" }), () => true))!;
    await flush();
    calls[0]!.fail();
    await flush();
    expect(songs.state.value).toBe("failed");
    songs.again();
    await flush();
    calls[1]!.answer();
    await flush();
    expect(songs.state.value).toBe("ready");
  });

  it("asks nothing while it is closed", async () => {
    const { lister, calls } = catalogue();
    const open = shallowRef(false);
    scope.run(() => useSongs(lister, () => ({ query: "", order, folder: "" }), () => open.value));
    await vi.advanceTimersByTimeAsync(5000);
    expect(calls.length).toBe(0);
    open.value = true;
    await vi.advanceTimersByTimeAsync(1);
    expect(calls.length).toBe(1);
  });
});

describe("useChoice", () => {
  function keys(grid: Partial<Grid> = {}) {
    const chosen: number[] = [];
    const choice = scope.run(() => useChoice(() => ({ count: 10, columns: 4, rows: 2, typing: false, ...grid }), (i) => chosen.push(i)))!;
    const press = (key: string, more: KeyboardEventInit = {}) => {
      const event = new KeyboardEvent("keydown", { key, cancelable: true, ...more });
      choice.press(event);
      return event.defaultPrevented;
    };
    return { choice, chosen, press };
  }

  it("moves through the grid by arrows, within its bounds, and takes by Enter", () => {
    const { choice, chosen, press } = keys();
    press("Enter");
    expect(chosen).toEqual([]);
    const went = ["ArrowDown", "ArrowDown", "ArrowRight", "ArrowLeft", "ArrowUp", "ArrowUp", "PageDown", "ArrowRight"].map((key) => {
      press(key);
      return choice.at.value;
    });
    expect(went).toEqual([0, 4, 5, 4, 0, 0, 8, 9]);
    press("Enter");
    expect(chosen).toEqual([9]);
  });

  it("leaves left and right to what is being typed, until one went down into the grid", () => {
    const { choice, press } = keys({ typing: true });
    expect(press("ArrowRight")).toBe(false);
    expect(press("ArrowDown")).toBe(true);
    expect(press("ArrowRight")).toBe(true);
    expect(choice.at.value).toBe(1);
  });

  it("takes nothing by an Enter that ends a syllable", () => {
    const { choice, chosen, press } = keys();
    choice.set(3);
    press("Enter", { isComposing: true });
    expect(chosen).toEqual([]);
  });

  it("stays within what is left after a search", async () => {
    const count = shallowRef(10);
    const choice = scope.run(() => useChoice(() => ({ count: count.value, columns: 4, rows: 2, typing: false }), () => undefined))!;
    choice.set(9);
    count.value = 3;
    await nextTick();
    expect(choice.at.value).toBe(2);
  });
});

describe("Shelf", () => {
  it("asks for what is wanted at once in one call, knows it afterwards, and asks anew when told to", async () => {
    const getTracks = vi.fn(async ({ trackIds }: { trackIds: string[] }) => ({ tracks: trackIds.filter((id) => id !== "gone").map(info) }));
    const shelf = new Shelf({ getTracks } as unknown as Catalogue);
    const [a, gone] = await Promise.all([shelf.get("a"), shelf.get("gone")]);
    expect([a?.track?.trackId, gone]).toEqual(["a", undefined]);
    await shelf.get("a");
    expect(getTracks.mock.calls.map(([r]) => r.trackIds)).toEqual([["a", "gone"]]);
    await shelf.get("a", true);
    await shelf.get("gone");
    expect(getTracks).toHaveBeenCalledTimes(3);
  });

  it("forgets a call that failed", async () => {
    const getTracks = vi.fn().mockRejectedValueOnce(new Error("unavailable")).mockResolvedValue({ tracks: [info("a")] });
    const shelf = new Shelf({ getTracks } as unknown as Catalogue);
    await expect(shelf.get("a")).rejects.toThrow("unavailable");
    expect((await shelf.get("a"))?.track?.trackId).toBe("a");
  });

  it("tells where the audio is and how much quieter it must be", async () => {
    const getTracks = async () => ({ tracks: [{ ...info("a"), gainDb: -4.5 }] });
    const shelf = new Shelf({ getTracks } as unknown as Catalogue);
    expect(await shelf.find("a", false, (url) => `http://house${url}`)).toEqual({ url: "http://house/songs/a/audio", gainDb: -4.5 });
    expect(await shelf.find("b", false, (url) => url)).toBeUndefined();
  });
});
