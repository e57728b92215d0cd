import type { Event } from "@singoff/client/protocol";
import { Recovery_Kind } from "@singoff/client/protocol";
import { computed, shallowRef, watch, type ComputedRef } from "vue";
import { onRoomEvent, useRoom } from "@/battle/useRoom";

/** What the page keeps of a room's past, in lines. */
const mostLines = 400;

/** Which events are told between the lines of chat. */
const told = new Set<Event["body"]["case"]>(["chatMessage", "presence", "musicSelected", "playback", "moderation", "announcement"]);

/** The events to be read, in their order: chat, and what happened besides since the page is in the room. */
export function useTranscript(): ComputedRef<readonly Event[]> {
  const { room, state, connection } = useRoom();
  const lines = shallowRef<readonly Event[]>([]);

  function add(events: readonly Event[]): void {
    const have = new Set(lines.value.map((event) => event.seq));
    const fresh = events.filter((event) => (event.seq === 0n ? event.body.case === "announcement" : !have.has(event.seq)));
    if (fresh.length === 0) {
      return;
    }
    const merged = [...lines.value, ...fresh];
    // Those without a seq stay where they came.
    if (fresh.some((event) => event.seq !== 0n && event.seq < (lines.value.at(-1)?.seq ?? 0n))) {
      merged.sort((a, b) => (a.seq === 0n || b.seq === 0n ? 0 : Number(a.seq - b.seq)));
    }
    lines.value = merged.slice(-mostLines);
  }

  watch(room, () => {
    lines.value = [];
  });
  onRoomEvent(({ event }) => {
    if (told.has(event.body.case)) {
      add([event]);
    }
  });
  // A new start: what was kept may be of another log.
  watch(
    () => connection.value?.recovery,
    (recovery) => {
      if (recovery?.kind === Recovery_Kind.SNAPSHOT) {
        lines.value = [...(state.value?.chat ?? [])];
      }
    },
  );
  watch(() => state.value?.chat, (chat) => add(chat ?? []), { immediate: true });
  return computed(() => lines.value);
}
