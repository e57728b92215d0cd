import { Goaway_Reason, Recovery_Cause, Recovery_Kind } from "@singoff/client/protocol";
import { computed, onScopeDispose, shallowRef, watch, type ComputedRef } from "vue";
import { useI18n } from "vue-i18n";
import { clockTime } from "@/shell/times";
import { useNow } from "@/shell/useNow";
import { useRoom } from "./useRoom";

/** What the banner says of the connection. */
export interface Line {
  /** `good` passes by, `bad` stays until it is over. */
  mood: "good" | "bad";
  text: string;
  /** Whether one can hurry it. */
  canRetry: boolean;
}

/** How long a good word is shown, in ms. */
export const goodFor = 6000;

/** What there is to say of the connection; undefined: nothing, all is well. */
export function useLine(): ComputedRef<Line | undefined> {
  const { t, locale } = useI18n();
  const { connection } = useRoom();
  const now = useNow();
  const wasLost = shallowRef(false);
  const good = shallowRef<string>();
  let timer: ReturnType<typeof setTimeout> | undefined;

  function recovered(): string {
    const recovery = connection.value?.recovery;
    switch (recovery?.kind) {
      case Recovery_Kind.SNAPSHOT:
        return recovery.cause === Recovery_Cause.LOG_LOST ? t("line.snapshotLost") : t("line.snapshot");
      default:
        return t("line.resumed", recovery?.events ?? 0);
    }
  }

  watch(
    () => connection.value?.phase,
    (phase, before) => {
      if (phase === "live" && wasLost.value) {
        wasLost.value = false;
        good.value = recovered();
        clearTimeout(timer);
        timer = setTimeout(() => {
          good.value = undefined;
        }, goodFor);
      } else if (phase === "waiting" || (phase === "connecting" && before === "live")) {
        wasLost.value = true;
        good.value = undefined;
      }
    },
  );
  onScopeDispose(() => clearTimeout(timer));

  function lost(): Line {
    const { goaway, retryAt } = connection.value ?? {};
    const left = Math.ceil(((retryAt ?? 0) - now.value) / 1000);
    if (!navigator.onLine) {
      return { mood: "bad", text: t("line.offline"), canRetry: true };
    }
    if (goaway?.reason === Goaway_Reason.DRAINING && retryAt !== undefined && left > 20) {
      return { mood: "bad", text: t("line.draining", { time: clockTime(retryAt, locale.value) }), canRetry: true };
    }
    if (retryAt !== undefined && left > 0) {
      return { mood: "bad", text: t("line.lost", { s: left }), canRetry: true };
    }
    return { mood: "bad", text: t("line.lostNow"), canRetry: false };
  }

  return computed(() => {
    const phase = connection.value?.phase;
    if (phase === "waiting" || (phase === "connecting" && wasLost.value)) {
      return lost();
    }
    return good.value === undefined ? undefined : { mood: "good", text: good.value, canRetry: false };
  });
}
