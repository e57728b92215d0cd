import { onScopeDispose, watch, type Ref } from "vue";

/** What a wake lock is taken from; browsers have none over plain http. */
interface Wakeful {
  wakeLock?: { request(type: "screen"): Promise<WakeLockSentinel> };
}

/**
 * Keeps the screen from going dark while `active` holds and the page is seen. A browser gives the lock up when the page is hidden: it is taken again
 * afterwards. Where there is no such thing nothing happens.
 */
export function useWakeLock(active: Readonly<Ref<boolean>>, from: Wakeful = navigator as Wakeful): void {
  let sentinel: WakeLockSentinel | undefined;
  let asking = false;
  let disposed = false;
  const wanted = () => !disposed && active.value && document.visibilityState === "visible";

  async function take(): Promise<void> {
    if (asking || sentinel !== undefined || from.wakeLock === undefined) {
      return;
    }
    asking = true;
    try {
      const taken = await from.wakeLock.request("screen");
      sentinel = taken;
      taken.addEventListener("release", () => lost(taken), { once: true });
    } catch {
      // a battery that is low, or a policy: the screen may go dark
    }
    asking = false;
    if (!wanted()) {
      drop();
    }
  }

  function lost(which: WakeLockSentinel): void {
    if (sentinel === which) {
      sentinel = undefined;
    }
  }

  function drop(): void {
    const had = sentinel;
    if (had !== undefined) {
      lost(had);
      had.release().catch(() => undefined);
    }
  }

  const look = () => (wanted() ? void take() : drop());
  watch(active, look, { immediate: true });
  document.addEventListener("visibilitychange", look);
  onScopeDispose(() => {
    disposed = true;
    document.removeEventListener("visibilitychange", look);
    drop();
  });
}
