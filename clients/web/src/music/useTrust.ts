import { onScopeDispose, readonly, shallowRef, type Ref } from "vue";
import { Trust, type Doubt, type Evidence } from "./trust";

const everyMs = 1000;

/** Whether what is heard here can be trusted to be in time; undefined: it can. */
export function useTrust(evidence: () => Evidence): Readonly<Ref<Doubt | undefined>> {
  const trust = new Trust();
  const doubt = shallowRef<Doubt>();
  const timer = setInterval(() => (doubt.value = trust.look(evidence(), performance.now())), everyMs);
  onScopeDispose(() => clearInterval(timer));
  return readonly(doubt);
}
