import { nextTick, onScopeDispose, ref, watch, type Ref } from "vue";

/** A list that follows its end, unless its reader has scrolled up. */
export interface AutoScroll {
  /** How many lines came since the reader left the end. */
  unread: Readonly<Ref<number>>;
  /** Goes to the end and follows it again. */
  toEnd(): void;
}

/** Within this of the end, in pixels, the reader is at the end. */
const nearEnd = 48;

/** Follows the end of `box` as the number of lines ever shown grows. */
export function useAutoScroll(box: Ref<HTMLElement | undefined | null>, shown: () => number): AutoScroll {
  const unread = ref(0);
  let following = true;
  let height = 0; // of the box, when it was last looked at
  let resized: ResizeObserver | undefined;

  function end(): void {
    if (box.value) {
      box.value.scrollTop = box.value.scrollHeight;
    }
  }

  function onScroll(): void {
    const element = box.value;
    if (!element) {
      return;
    }
    if (element.scrollHeight - element.scrollTop - element.clientHeight <= nearEnd) {
      following = true;
      unread.value = 0;
    } else if (element.clientHeight === height) {
      following = false; // and not because the box became smaller, of which the observer is told after this
    }
  }

  watch(box, (element, before) => {
    before?.removeEventListener("scroll", onScroll);
    resized?.disconnect();
    if (!element) {
      return;
    }
    element.addEventListener("scroll", onScroll, { passive: true });
    // The keyboard of a phone, or a turned one, must not take the reader away from the end.
    height = element.clientHeight;
    resized = new ResizeObserver(() => {
      height = element.clientHeight;
      if (following) {
        end();
      }
    });
    resized.observe(element);
    end();
  }, { flush: "post", immediate: true });

  watch(shown, async (now, before) => {
    if (following) {
      await nextTick();
      end();
    } else {
      unread.value += Math.max(0, now - before);
    }
  });

  onScopeDispose(() => {
    box.value?.removeEventListener("scroll", onScroll);
    resized?.disconnect();
  });

  return {
    unread,
    toEnd() {
      following = true;
      unread.value = 0;
      end();
    },
  };
}
