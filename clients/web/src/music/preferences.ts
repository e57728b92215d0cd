import { customRef, type Ref } from "vue";
import { oneOf, remembered } from "@/shell/remembered";
import { mostAheadMs } from "./player";

/** A number within bounds that this browser remembers. */
function rememberedNumber(name: string, fallback: number, [least, most]: [number, number]): Ref<number> {
  const allowed = (text: string): text is string => text !== "" && Number(text) >= least && Number(text) <= most;
  const text = remembered(name, String(fallback), allowed);
  return customRef(() => ({
    get: () => Number(text.value),
    set: (value) => (text.value = String(Math.min(most, Math.max(least, value)))),
  }));
}

/** How loud this device is: 0 to 1. */
export const volume = rememberedNumber("volume", 1, [0, 1]);

/** How much earlier this device plays, in ms, as its loudspeakers are late: -500 to 500. */
export const ahead = rememberedNumber("ahead", 0, [-mostAheadMs, mostAheadMs]);

/** How the songs to choose from are shown. */
export const pickerLook = remembered("picker", "cards", oneOf("cards", "list"));
