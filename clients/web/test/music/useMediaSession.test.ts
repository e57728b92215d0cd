import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { effectScope, nextTick, shallowRef } from "vue";
import { useMediaSession } from "@/music/useMediaSession";

/** A device's lock screen; `made` is each song it was given. */
const made: MediaMetadataInit[] = [];
const positions: (MediaPositionState | undefined)[] = [];
const actions = new Map<string, MediaSessionActionHandler | null>();
const session = {
  metadata: null as unknown,
  playbackState: "none",
  setActionHandler: (action: string, handler: MediaSessionActionHandler | null) => void actions.set(action, handler),
  setPositionState: (position?: MediaPositionState) => void positions.push(position),
};

beforeEach(() => {
  made.length = positions.length = 0;
  actions.clear();
  vi.stubGlobal("MediaMetadata", class {
    constructor(init: MediaMetadataInit) {
      made.push(init);
    }
  });
  Object.defineProperty(navigator, "mediaSession", { value: session, configurable: true });
});
afterEach(() => {
  vi.unstubAllGlobals();
  Reflect.deleteProperty(navigator, "mediaSession");
});

/** A room's song shown on the device, as the player tells of it. */
function shown() {
  const player = shallowRef({ phase: "playing", skewMs: 1 });
  const now = shallowRef<{ title: string; positionMs: number } | undefined>({ title: "Meteor", positionMs: 1000 });
  const cover = shallowRef<string>();
  const heard: boolean[] = [];
  const scope = effectScope();
  scope.run(() =>
    useMediaSession(
      {
        song: () => now.value && { title: now.value.title, artist: "Mina", cover: cover.value },
        playing: () => player.value.phase === "playing",
        moment: () => ({ positionMs: now.value?.positionMs ?? 0, lengthMs: now.value ? 180_000 : 0 }),
      },
      (wanted) => heard.push(wanted),
    ),
  );
  return { player, now, cover, heard, scope };
}

describe("useMediaSession", () => {
  // Ten times a second the player measures anew how far it is off: the lock screen was told its song each time.
  it("makes a song's metadata once, however often the skew is measured", async () => {
    const { player, scope } = shown();
    for (let i = 2; i <= 50; i++) {
      player.value = { phase: "playing", skewMs: i };
      await nextTick();
    }
    expect(made).toEqual([{ title: "Meteor", artist: "Mina", artwork: [] }]);
    expect(positions).toEqual([{ duration: 180, position: 1, playbackRate: 1 }]);
    player.value = { phase: "paused", skewMs: 0 };
    await nextTick();
    expect(session.playbackState).toBe("paused");
    expect(made).toHaveLength(1);
    scope.stop();
  });

  it("makes it anew for another cover and another song, and moves the position alone after a seek", async () => {
    const { now, cover, scope } = shown();
    cover.value = "/songs/1/cover";
    await nextTick();
    now.value = { title: "Meteor", positionMs: 60_000 };
    await nextTick();
    expect(made).toHaveLength(2);
    expect(positions.at(-1)).toEqual({ duration: 180, position: 60, playbackRate: 1 });
    now.value = { title: "Comet", positionMs: 0 };
    await nextTick();
    expect(made.map((m) => [m.title, m.artwork?.[0]?.src])).toEqual([["Meteor", undefined], ["Meteor", "/songs/1/cover"], ["Comet", "/songs/1/cover"]]);
    now.value = undefined;
    await nextTick();
    expect([session.metadata, session.playbackState]).toEqual([null, "none"]);
    scope.stop();
  });

  it("silences this device alone, and lets go of the lock screen at the end", () => {
    const { heard, scope } = shown();
    actions.get("pause")?.({ action: "pause" });
    actions.get("play")?.({ action: "play" });
    expect(heard).toEqual([false, true]);
    scope.stop();
    expect([session.metadata, session.playbackState, actions.get("pause")]).toEqual([null, "none", null]);
  });
});
