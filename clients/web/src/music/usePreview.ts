import type { TrackInfo } from "@singoff/client/protocol";
import { onScopeDispose, readonly, shallowRef, type Ref } from "vue";
import { mediaURL } from "@/battle/useTracks";
import { milliseconds } from "./position";
import { useMusic } from "./useMusic";

/** Lets one listen to a song alone; the room's song is softer meanwhile. */
export interface Preview {
  /** The track that is listened to; empty: none. */
  trackId: Readonly<Ref<string>>;
  /** Begins, or ends if it is this one already; to be called within a person's act. */
  toggle(info: TrackInfo): void;
  stop(): void;
}

/** Where a preview begins, as a part of the song: where it is in full swing. */
const from = 0.3;

export function usePreview(element: HTMLAudioElement = new Audio()): Preview {
  const music = useMusic();
  const trackId = shallowRef("");

  function stop(): void {
    element.pause();
    trackId.value = "";
    music.soften(false);
  }

  function toggle(info: TrackInfo): void {
    const id = info.track?.trackId ?? "";
    const url = mediaURL(info.audioUrl);
    if (trackId.value === id || url === undefined) {
      stop();
      return;
    }
    element.src = url;
    element.currentTime = (milliseconds(info.track?.duration) / 1000) * from;
    trackId.value = id;
    music.soften(true);
    element.play().catch(() => {
      if (trackId.value === id) {
        stop();
      }
    });
  }

  element.addEventListener("ended", stop);
  onScopeDispose(() => {
    element.removeEventListener("ended", stop);
    stop();
    element.removeAttribute("src");
  });
  return { trackId: readonly(trackId), toggle, stop };
}
