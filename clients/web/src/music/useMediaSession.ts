import { onScopeDispose, watchEffect } from "vue";

/** What the lock screen, a headset or a watch shows and may ask for. */
export interface MediaShown {
  /** The song; undefined: there is none. */
  song: { title: string; artist: string; cover: string | undefined } | undefined;
  /** Whether it moves and is heard here. */
  playing: boolean;
  /** Position and length in ms; 0: the length isn't known. */
  positionMs: number;
  lengthMs: number;
}

/**
 * Shows the room's song on the device. Its pause silences this device alone: the room's song isn't stopped by somebody's headset.
 */
export function useMediaSession(shown: () => MediaShown, hear: (wanted: boolean) => void): void {
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
  watchEffect(() => {
    const { song } = shown();
    session.metadata = song
      ? new MediaMetadata({ title: song.title, artist: song.artist, artwork: song.cover ? [{ src: song.cover }] : [] })
      : null;
  });
  watchEffect(() => {
    const { song, playing, positionMs, lengthMs } = shown();
    session.playbackState = song === undefined ? "none" : playing ? "playing" : "paused";
    if (song !== undefined && lengthMs > 0) {
      session.setPositionState?.({ duration: lengthMs / 1000, position: Math.min(positionMs, lengthMs) / 1000, playbackRate: 1 });
    }
  });
  onScopeDispose(() => {
    session.metadata = null;
    session.playbackState = "none";
    (["play", "pause", "stop"] as const).forEach((action) => handle(action, null));
  });
}
