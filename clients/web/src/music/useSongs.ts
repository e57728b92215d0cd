import type { Client } from "@singoff/client";
import type { ListTracksRequest_Order, ScanProgress, TrackInfo } from "@singoff/client/protocol";
import { onScopeDispose, readonly, shallowReadonly, shallowRef, watch, type Ref } from "vue";

/** The one call of the catalogue that a list of songs makes. */
export type Lister = Pick<Client["music"], "listTracks">;

/** What is looked for. */
export interface Search {
  query: string;
  order: ListTracksRequest_Order;
  /** Empty: all folders. */
  folder: string;
}

/** Songs found, as many as were asked for so far. */
export interface Songs {
  tracks: Readonly<Ref<readonly TrackInfo[]>>;
  /** How many there are in all. */
  total: Readonly<Ref<number>>;
  /** searching: what is shown belongs to the search before. */
  state: Readonly<Ref<"searching" | "ready" | "failed">>;
  /** How far the server has read the songs; undefined: to the end. */
  scan: Readonly<Ref<ScanProgress | undefined>>;
  /** Asks for more of them, if there are. */
  more(): void;
  /** Asks anew. */
  again(): void;
}

const pageSize = 120;
const typingMs = 120; // a search begins when nothing was typed for this long
const rescanMs = 2000;

/** Finds songs, anew with each change of the search while `active` holds; an answer that comes too late is ignored. */
export function useSongs(lister: Lister, search: () => Search, active: () => boolean): Songs {
  const tracks = shallowRef<readonly TrackInfo[]>([]);
  const total = shallowRef(0);
  const state = shallowRef<"searching" | "ready" | "failed">("searching");
  const scan = shallowRef<ScanProgress>();
  let token = "";
  let generation = 0;
  let asking = false;
  let timer: ReturnType<typeof setTimeout> | undefined;

  async function ask(first: boolean): Promise<void> {
    const mine = first ? ++generation : generation;
    asking = true;
    try {
      const page = await lister.listTracks({ ...search(), pageSize, pageToken: first ? "" : token });
      if (mine !== generation) {
        return;
      }
      tracks.value = first ? page.tracks : [...tracks.value, ...page.tracks];
      total.value = page.totalSize;
      token = page.nextPageToken;
      state.value = "ready";
      lookAtScan(page.scan);
    } catch {
      if (mine === generation) {
        state.value = "failed";
      }
    }
    if (mine === generation) {
      asking = false;
    }
  }

  /** While the server still reads, and all that is known is on one page, it is asked for again. */
  function lookAtScan(progress: ScanProgress | undefined): void {
    scan.value = progress?.complete === false ? progress : undefined;
    if (scan.value !== undefined && tracks.value.length <= pageSize) {
      clearTimeout(timer);
      timer = setTimeout(() => active() && void ask(true), rescanMs);
    }
  }

  function begin(afterMs: number): void {
    clearTimeout(timer);
    generation += 1;
    state.value = "searching";
    timer = setTimeout(() => void ask(true), afterMs);
  }

  watch(
    () => [active(), JSON.stringify(search())] as const,
    ([now, wanted], before) => {
      if (now) {
        begin(before?.[0] === true && before[1] !== wanted ? typingMs : 0);
      }
    },
    { immediate: true },
  );
  onScopeDispose(() => {
    clearTimeout(timer);
    generation += 1;
  });

  return {
    tracks: shallowReadonly(tracks) as Readonly<Ref<readonly TrackInfo[]>>,
    total: readonly(total),
    state: readonly(state),
    scan: shallowReadonly(scan) as Readonly<Ref<ScanProgress | undefined>>,
    more() {
      if (!asking && state.value === "ready" && token !== "") {
        void ask(false);
      }
    },
    again: () => begin(0),
  };
}
