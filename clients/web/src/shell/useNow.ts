import { onScopeDispose, readonly, shallowRef, type Ref } from "vue";

/** The time in ms by a clock, read anew each `every` ms while the component lives. */
export function useNow(clock: () => number = Date.now, every = 250): Readonly<Ref<number>> {
  const now = shallowRef(clock());
  const timer = setInterval(() => {
    now.value = clock();
  }, every);
  onScopeDispose(() => clearInterval(timer));
  return readonly(now);
}
