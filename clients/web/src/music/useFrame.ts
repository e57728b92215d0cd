import { onScopeDispose, readonly, shallowRef, watch, type Ref } from "vue";

/**
 * What `read` gives, read anew with each frame that is drawn while `moving` holds, else a few times a second.
 */
export function useFrame<T>(read: () => T, moving: () => boolean): Readonly<Ref<T>> {
  const value = shallowRef(read()) as Ref<T>;
  let frame = 0;
  const look = () => {
    value.value = read();
  };
  const draw = () => {
    look();
    frame = requestAnimationFrame(draw);
  };
  const stop = watch(
    moving,
    (moves) => {
      cancelAnimationFrame(frame);
      if (moves) {
        frame = requestAnimationFrame(draw);
      }
      look();
    },
    { immediate: true },
  );
  const timer = setInterval(look, 250);
  onScopeDispose(() => {
    stop();
    clearInterval(timer);
    cancelAnimationFrame(frame);
  });
  return readonly(value) as Readonly<Ref<T>>;
}
