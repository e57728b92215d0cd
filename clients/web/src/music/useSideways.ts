import { computed, onScopeDispose, readonly, shallowRef, type Ref } from "vue";

/** Whether something that fits a phone held sideways is shown: by itself when it is turned, or when asked for. */
export interface Sideways {
  shown: Readonly<Ref<boolean>>;
  open(): void;
  /** Stays closed until the phone is turned again. */
  close(): void;
}

const query = "(orientation: landscape) and (max-height: 500px)";

/** by itself only where `wanted` holds. */
export function useSideways(wanted: () => boolean): Sideways {
  const media = matchMedia(query);
  const turned = shallowRef(media.matches);
  const asked = shallowRef(false);
  const refused = shallowRef(false);
  const look = () => {
    turned.value = media.matches;
    refused.value = false;
  };
  media.addEventListener("change", look);
  onScopeDispose(() => media.removeEventListener("change", look));
  const shown = computed(() => asked.value || (turned.value && !refused.value && wanted()));
  return {
    shown: readonly(shown),
    open: () => (asked.value = true),
    close() {
      asked.value = false;
      refused.value = true;
    },
  };
}
