import { computed, ref, type ComputedRef, type Ref } from "vue";

/** A field whose Enter sends once, whatever input method the text comes from. */
export interface Composer {
  /** What is visible in the field, also while a syllable is being composed. */
  text: Ref<string>;
  /** Whether there is anything to send. */
  canSend: ComputedRef<boolean>;
  /** Sends what is visible; a composition must have ended before. */
  send(): void;
  /** Handlers of the field. */
  on: {
    input(event: Event): void;
    keydown(event: KeyboardEvent): void;
    compositionend(event: CompositionEvent): void;
  };
}

const hangul = /[ᄀ-ᇿ㄰-㆏가-힣]$/u;

/**
 * One Enter, one message. While a syllable is being composed Enter first ends it; where it goes differs:
 *
 * - some browsers then tell Enter again, without the composition: that one sends;
 * - some don't, and some end the composition before the key (Safari, by keyCode 229): after Hangul, which has no candidates to choose from, the
 *   end of the composition sends. Elsewhere (kana, pinyin) such an Enter chooses a candidate and sends nothing.
 *
 * The field is emptied only after the composition has ended, or the input method would write its last syllable into it once more.
 */
export function useComposer(say: (text: string) => void): Composer {
  const text = ref("");
  let enterPending = false;
  let endedWithHangul = false;
  const canSend = computed(() => text.value.trim() !== "");

  function send(): void {
    enterPending = false;
    endedWithHangul = false;
    if (!canSend.value) {
      return;
    }
    const said = text.value;
    text.value = "";
    say(said);
  }

  return {
    text,
    canSend,
    send,
    on: {
      input(event) {
        text.value = (event.target as HTMLInputElement | HTMLTextAreaElement).value;
      },
      keydown(event) {
        if (event.key !== "Enter" && event.keyCode !== 13 && event.code !== "Enter" && event.code !== "NumpadEnter") {
          endedWithHangul = false;
          return;
        }
        if (event.shiftKey) {
          return;
        }
        if (event.isComposing) {
          enterPending = true;
          return;
        }
        event.preventDefault();
        if (event.keyCode !== 229 || endedWithHangul) {
          send();
        }
      },
      compositionend(event) {
        text.value = (event.target as HTMLInputElement | HTMLTextAreaElement).value;
        endedWithHangul = hangul.test(event.data);
        if (enterPending && endedWithHangul) {
          // The browser writes the syllable first; an Enter of its own that follows finds an empty field.
          queueMicrotask(() => setTimeout(send));
        }
        enterPending = false;
      },
    },
  };
}
