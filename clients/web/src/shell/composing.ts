/**
 * Whether a key press belongs to an input method that is still composing: such an Enter ends a syllable, it sends nothing. Safari ends the
 * composition before the key and tells it by the key code alone.
 */
export function isComposing(event: KeyboardEvent): boolean {
  return event.isComposing || event.keyCode === 229;
}

/** What a field does with Enter: `act`, once nothing is being composed. */
export function onEnter(act: () => void): (event: KeyboardEvent) => void {
  return (event) => {
    if (!isComposing(event)) {
      event.preventDefault();
      act();
    }
  };
}
