import { computed, onScopeDispose, shallowRef, type ComputedRef } from "vue";
import { useMusic } from "@/music/useMusic";
import { useStageWords } from "./useStageWords";

/** How long what a remote's key did is told, in ms. */
const toldFor = 2500;
const doubts = { net: "doubtNet", clock: "doubtClock", device: "doubtDevice" } as const;

/**
 * The small words of the big screen: what a remote's key did, for a moment; else why its sound may not be in time with the room; else that it may go dark.
 */
export function useStageNote(mayGoDark: boolean): { note: ComputedRef<string>; tell(text: string): void } {
  const { t } = useStageWords();
  const { doubt } = useMusic();
  const told = shallowRef("");
  let telling: ReturnType<typeof setTimeout> | undefined;
  onScopeDispose(() => clearTimeout(telling));
  return {
    note: computed(() => told.value || (doubt.value ? t(doubts[doubt.value]) : mayGoDark ? t("dark") : "")),
    tell(text) {
      clearTimeout(telling);
      told.value = text;
      telling = setTimeout(() => (told.value = ""), toldFor);
    },
  };
}
