import type { TrackInfo } from "@singoff/client/protocol";
import { shallowReactive, toValue, watchEffect, type MaybeRefOrGetter } from "vue";
import { shelfOf } from "@/music/shelf";
import { useClient } from "@/shell/client";
import { home } from "@/shell/config";

/** What the catalogue knows of tracks: gives undefined until it is known. */
export function useTracks(ids: MaybeRefOrGetter<readonly string[]>): (trackId: string | undefined) => TrackInfo | undefined {
  const shelf = shelfOf(useClient());
  const known = shallowReactive(new Map<string, TrackInfo>());
  watchEffect(() => {
    for (const id of toValue(ids).filter((id) => id !== "")) {
      shelf.get(id).then((info) => info && known.set(id, info), () => undefined); // the next change asks again
    }
  });
  return (trackId) => (trackId === undefined ? undefined : known.get(trackId));
}

/** A URL of the catalogue, which may be relative to the server's address; undefined: there is none. */
export function mediaURL(url: string | undefined): string | undefined {
  return url ? new URL(url.replace(/^\//, ""), home).href : undefined;
}
