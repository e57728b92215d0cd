import { afterEach, describe, expect, it, vi } from "vitest";
import { effectScope, nextTick, shallowRef } from "vue";
import { useWakeLock } from "@/music/useWakeLock";

class Sentinel extends EventTarget {
  released = false;
  release(): Promise<void> {
    if (!this.released) {
      this.released = true;
      this.dispatchEvent(new Event("release"));
    }
    return Promise.resolve();
  }
}

/** A browser that has wake locks, and gives them up when the page is hidden. */
function browser() {
  const locks: Sentinel[] = [];
  const request = vi.fn(async () => {
    const lock = new Sentinel();
    locks.push(lock);
    return lock as unknown as WakeLockSentinel;
  });
  const show = async (visible: boolean) => {
    Object.defineProperty(document, "visibilityState", { value: visible ? "visible" : "hidden", configurable: true });
    if (!visible) {
      locks.forEach((l) => void l.release());
    }
    document.dispatchEvent(new Event("visibilitychange"));
    await settle();
  };
  return { wakeLock: { request }, request, show, held: () => locks.filter((l) => !l.released).length };
}

const settle = async () => {
  await nextTick();
  await new Promise((resolve) => setTimeout(resolve));
};

afterEach(() => {
  Object.defineProperty(document, "visibilityState", { value: "visible", configurable: true });
});

// The phone went dark in the middle of timed lyrics because nobody touched it.
describe("useWakeLock", () => {
  it("holds the screen on while a song plays on a visible page, and takes it again after hide and show", async () => {
    const from = browser();
    const playing = shallowRef(false);
    const scope = effectScope();
    scope.run(() => useWakeLock(playing, from));
    expect(from.held()).toBe(0);
    playing.value = true;
    await settle();
    expect(from.held()).toBe(1);
    await from.show(false);
    expect(from.held()).toBe(0);
    await from.show(true);
    expect(from.held()).toBe(1);
    playing.value = false;
    await settle();
    expect(from.held()).toBe(0);
    scope.stop();
  });

  it("lets go with its component, also of a lock that comes too late", async () => {
    const from = browser();
    const scope = effectScope();
    scope.run(() => useWakeLock(shallowRef(true), from));
    scope.stop();
    await settle();
    expect(from.request).toHaveBeenCalledTimes(1);
    expect(from.held()).toBe(0);
  });

  it("breaks nothing where it is missing or refused", async () => {
    const scope = effectScope();
    const refuses = vi.fn(() => Promise.reject(new Error("battery is low")));
    const active = shallowRef(true);
    scope.run(() => useWakeLock(active, {}));
    scope.run(() => useWakeLock(active, { wakeLock: { request: refuses } }));
    await settle();
    active.value = false;
    await settle();
    active.value = true;
    await settle();
    expect(refuses).toHaveBeenCalledTimes(2); // asked again when it is wanted again
    scope.stop();
  });
});
