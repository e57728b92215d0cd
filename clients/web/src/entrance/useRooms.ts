import type { Client } from "@singoff/client";
import type { RoomSummary } from "@singoff/client/protocol";
import { onScopeDispose, readonly, shallowReadonly, shallowRef, type Ref, type ShallowRef } from "vue";

/** The rooms of the server, asked for anew as long as somebody looks. */
export interface Rooms {
  /** In the order of their ids; undefined: not known yet. */
  rooms: Readonly<ShallowRef<readonly RoomSummary[] | undefined>>;
  /** Whether the last question had no answer. */
  failed: Readonly<Ref<boolean>>;
}

/** How often it is asked, in ms. */
const askEvery = 2000;
const pageSize = 100;
/** More rooms than this are looked through by their link, not by scrolling. */
const maxPages = 20;

/** Asks for all rooms each 2 s while the page is visible. */
export function useRooms(client: Client): Rooms {
  const rooms = shallowRef<readonly RoomSummary[]>();
  const failed = shallowRef(false);
  let asking = false;
  let stopped = false;

  async function ask(): Promise<void> {
    if (asking || stopped || document.visibilityState === "hidden") {
      return;
    }
    asking = true;
    try {
      rooms.value = await all(client);
      failed.value = false;
    } catch {
      failed.value = true;
    } finally {
      asking = false;
    }
  }

  const timer = setInterval(() => void ask(), askEvery);
  const now = () => void ask();
  document.addEventListener("visibilitychange", now);
  onScopeDispose(() => {
    stopped = true;
    clearInterval(timer);
    document.removeEventListener("visibilitychange", now);
  });
  void ask();
  return { rooms: shallowReadonly(rooms), failed: readonly(failed) };
}

async function all(client: Client): Promise<RoomSummary[]> {
  const rooms: RoomSummary[] = [];
  let pageToken = "";
  for (let page = 0; page < maxPages; page++) {
    const answer = await client.rooms.list({ pageSize, pageToken });
    rooms.push(...answer.rooms);
    pageToken = answer.nextPageToken;
    if (pageToken === "") {
      break;
    }
  }
  return rooms;
}
