import { readonly, shallowRef, type ShallowRef } from "vue";
import { useI18n } from "vue-i18n";
import { useReason } from "./reason";

/** Short sentences that pass by at the bottom of the page. */
export interface Notices {
  /** Says one. */
  say(text: string): void;
  /** Says why a command failed, if it does. */
  watch(command: Promise<unknown> | undefined): void;
}

const queue = shallowRef<readonly string[]>([]);

/** The sentences that wait to be shown, the one that is shown first. */
export function waitingNotices(): { list: Readonly<ShallowRef<readonly string[]>>; shift(): void } {
  return {
    list: readonly(queue) as Readonly<ShallowRef<readonly string[]>>,
    shift: () => {
      queue.value = queue.value.slice(1);
    },
  };
}

export function useNotices(): Notices {
  const { t } = useI18n();
  const reasonOf = useReason();
  const say = (text: string) => {
    queue.value = [...queue.value, text].slice(-3);
  };
  return {
    say,
    watch(command) {
      command?.catch((error: unknown) => {
        say(t("battle.refused", { why: reasonOf(error) }));
      });
    },
  };
}
