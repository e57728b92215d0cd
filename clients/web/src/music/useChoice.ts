import { readonly, shallowRef, watch, type Ref } from "vue";
import { isComposing } from "@/shell/composing";

/** Moves through a grid of songs by keys, while the search keeps the focus or from within the grid. */
export interface Choice {
  /** Index of the song that Enter takes; -1: none. */
  at: Readonly<Ref<number>>;
  /** Takes a key of the search field; what it doesn't know is left to the field. */
  press(event: KeyboardEvent): void;
  /** Takes a key of the grid: whether it moved. Enter is the focused button's. */
  step(event: KeyboardEvent): boolean;
  set(index: number): void;
}

/** How the grid is just now. */
export interface Grid {
  count: number;
  columns: number;
  /** Rows seen at once. */
  rows: number;
  /** Left and right move in the text, not in the grid. */
  typing: boolean;
}

/** Enter that ends a syllable of an input method takes nothing. */
export function useChoice(grid: () => Grid, choose: (index: number) => void): Choice {
  const at = shallowRef(-1);
  let moved = false;

  function stepOf(event: KeyboardEvent, typing: boolean): number | undefined {
    const { columns, rows } = grid();
    switch (event.key) {
      case "ArrowDown":
        return at.value < 0 ? 1 : columns;
      case "ArrowUp":
        return -columns;
      case "PageDown":
        return columns * rows;
      case "PageUp":
        return -columns * rows;
      case "ArrowRight":
        return moved || !typing ? 1 : undefined;
      case "ArrowLeft":
        return moved || !typing ? -1 : undefined;
      default:
        return undefined;
    }
  }

  function press(event: KeyboardEvent): void {
    if (isComposing(event)) {
      return;
    }
    if (event.key === "Enter") {
      event.preventDefault();
      if (at.value >= 0) {
        choose(at.value);
      }
      return;
    }
    if (!step(event, grid().typing)) {
      moved = moved && event.key !== "Home" && event.key !== "End" && event.key.length > 1;
    }
  }

  function step(event: KeyboardEvent, typing = false): boolean {
    const by = stepOf(event, typing);
    if (by === undefined) {
      return false;
    }
    event.preventDefault();
    moved = true;
    at.value = Math.min(grid().count - 1, Math.max(0, at.value + by));
    return true;
  }

  watch(
    () => grid().count,
    (count) => {
      at.value = Math.min(at.value, count - 1);
    },
  );
  return {
    at: readonly(at),
    press,
    step: (event) => step(event),
    set(index) {
      at.value = index;
      moved = false;
    },
  };
}
