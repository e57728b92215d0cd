import { onScopeDispose, watch } from "vue";
import { useRoom } from "./useRoom";

/** Tells the room when this page goes to the background and comes back. */
export function useVisibility(): void {
  const { room, state } = useRoom();

  function tell(): void {
    const hidden = document.visibilityState === "hidden";
    if (state.value?.self !== undefined && state.value.self.hidden !== hidden) {
      room.value?.setHidden(hidden).catch(() => {
        // what is told of it is worth no word of its own
      });
    }
  }

  document.addEventListener("visibilitychange", tell);
  watch(() => state.value?.self?.memberId, tell, { immediate: true });
  onScopeDispose(() => document.removeEventListener("visibilitychange", tell));
}
