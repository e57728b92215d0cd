import { onScopeDispose } from "vue";

/** What a remote's keys do on the big screen. */
export interface StageKeys {
  /** Up and down. */
  louder(by: 1 | -1): void;
  /** Left and right. */
  other(): void;
  /** OK, Enter, play/pause: whatever else. */
  act(): void;
}

/**
 * Listens to a remote: TVs send its arrows and OK as keys of a keyboard, some send play/pause. Browsers' own shortcuts are left alone.
 */
export function useStageKeys(keys: StageKeys): void {
  function press(event: KeyboardEvent): void {
    if (event.ctrlKey || event.metaKey || event.altKey) {
      return;
    }
    switch (event.key) {
      case "ArrowUp":
        keys.louder(1);
        break;
      case "ArrowDown":
        keys.louder(-1);
        break;
      case "ArrowLeft":
      case "ArrowRight":
        keys.other();
        break;
      default:
        keys.act();
        return;
    }
    event.preventDefault();
  }
  addEventListener("keydown", press);
  onScopeDispose(() => removeEventListener("keydown", press));
}
