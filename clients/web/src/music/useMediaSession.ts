import { computed, onScopeDispose, watchEffect } from "vue";

/** A song as the lock screen names it. */
export interface SongShown {
  title: string;
  artist: string;
  cover: string | undefined;
}

/** What the lock screen, a headset or a watch shows and may ask for. Each is a getter, so that what changes often touches nothing else. */
export interface MediaShown {
  /** The song; undefined: there is none. */
  song(): SongShown | undefined;
  /** Whether it moves and is heard here. */
  playing(): boolean;
  /** Position and length in ms; 0: the length isn't known. */
  moment(): { positionMs: number; lengthMs: number };
}

/**
 * Shows the room's song on the device. Its pause silences this device alone: the room's song isn't stopped by somebody's headset.
 */
export function useMediaSession(shown: MediaShown, hear: (wanted: boolean) => void): void {
  const session = (navigator as { mediaSession?: MediaSession }).mediaSession;
  if (session === undefined || typeof MediaMetadata === "undefined") {
    return;
  }
  const handle = (action: MediaSessionAction, handler: MediaSessionActionHandler | null) => {
    try {
      session.setActionHandler(action, handler);
    } catch {
      // an action that this browser doesn't know
    }
  };
  handle("play", () => hear(true));
  handle("pause", () => hear(false));
  handle("stop", () => hear(false));
  const song = computed<SongShown | undefined>((before) => {
    const next = shown.song();
    return sameSong(before, next) ? before : next;
  });
  const playing = computed(() => shown.playing());
  watchEffect(() => {
    const { value: named } = song;
    session.metadata = named
      ? new MediaMetadata({ title: named.title, artist: named.artist, artwork: named.cover ? [{ src: named.cover }] : [] })
      : null;
  });
  watchEffect(() => {
    session.playbackState = song.value === undefined ? "none" : playing.value ? "playing" : "paused";
    const { positionMs, lengthMs } = shown.moment();
    if (song.value !== undefined && lengthMs > 0) {
      session.setPositionState?.({ duration: lengthMs / 1000, position: Math.min(positionMs, lengthMs) / 1000, playbackRate: 1 });
    }
  });
  onScopeDispose(() => {
    session.metadata = null;
    session.playbackState = "none";
    (["play", "pause", "stop"] as const).forEach((action) => handle(action, null));
  });
}

function sameSong(a: SongShown | undefined, b: SongShown | undefined): boolean {
  return a?.title === b?.title && a?.artist === b?.artist && a?.cover === b?.cover;
}
