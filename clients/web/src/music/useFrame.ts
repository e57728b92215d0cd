import { onScopeDispose, readonly, shallowRef, type Ref } from "vue";

/**
 * What `read` gives, read anew with each frame that is drawn while `moving` holds, else a few times a second. Both may ask a clock.
 */
export function useFrame<T>(read: () => T, moving: () => boolean): Readonly<Ref<T>> {
  const value = shallowRef() as Ref<T>;
  let frame = 0;
  const look = () => {
    value.value = read();
    if (moving() && frame === 0) {
      frame = requestAnimationFrame(draw);
    }
  };
  const draw = () => {
    frame = 0;
    look();
  };
  look();
  const timer = setInterval(look, 250);
  onScopeDispose(() => {
    clearInterval(timer);
    cancelAnimationFrame(frame);
  });
  return readonly(value) as Readonly<Ref<T>>;
}
