import type { Client } from "@singoff/client";
import type { TrackInfo } from "@singoff/client/protocol";
import { reactive, toValue, watchEffect, type MaybeRefOrGetter } from "vue";
import { home } from "@/shell/config";

const known = reactive(new Map<string, TrackInfo>());
const asked = new Set<string>();
let waiting: string[] = [];

async function ask(client: Client): Promise<void> {
  const trackIds = waiting;
  waiting = [];
  try {
    const { tracks } = await client.music.getTracks({ trackIds });
    for (const info of tracks) {
      known.set(info.track?.trackId ?? "", info);
    }
  } catch {
    trackIds.forEach((id) => asked.delete(id)); // the next one who needs it asks again
  }
}

/** What the catalogue knows of tracks, asked for once each: gives undefined until it is known. */
export function useTracks(client: Client, ids: MaybeRefOrGetter<readonly string[]>): (trackId: string | undefined) => TrackInfo | undefined {
  watchEffect(() => {
    const missing = toValue(ids).filter((id) => id !== "" && !asked.has(id));
    missing.forEach((id) => asked.add(id));
    if (missing.length > 0) {
      if (waiting.length === 0) {
        queueMicrotask(() => void ask(client));
      }
      waiting.push(...missing);
    }
  });
  return (trackId) => (trackId === undefined ? undefined : known.get(trackId));
}

/** A URL of the catalogue, which may be relative to the server's address; undefined: there is none. */
export function mediaURL(url: string | undefined): string | undefined {
  return url ? new URL(url.replace(/^\//, ""), home).href : undefined;
}

