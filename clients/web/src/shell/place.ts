import { readonly, shallowRef, type DeepReadonly, type ShallowRef } from "vue";
import { config, home } from "./config";

/** What the page shows. */
export type Place = { view: "entrance" } | { view: "room" | "stage"; roomId: string };

const roomIdForm = /^[A-Za-z0-9_-]{1,64}$/;

/** Reads an address of the page; one that means nothing is the entrance. */
export function parsePlace(url: URL, base: URL): Place {
  const [view, roomId, rest] = url.pathname.slice(base.pathname.length).split("/");
  if ((view === "room" || view === "stage") && roomId !== undefined && roomIdForm.test(roomId) && !rest) {
    return { view, roomId };
  }
  return { view: "entrance" };
}

/** The address of a place below the base. */
export function placeURL(place: Place, base: URL): string {
  return place.view === "entrance" ? base.href : new URL(`${place.view}/${place.roomId}`, base).href;
}

/** The address of a place as others can open it. */
export function shareURL(place: Place): string {
  return placeURL(place, config.share === "" ? home : new URL(config.share));
}

const place = shallowRef<Place>(parsePlace(new URL(location.href), home));
addEventListener("popstate", () => {
  place.value = parsePlace(new URL(location.href), home);
});

/** Goes to another place, without loading the page again. */
export function go(to: Place): void {
  history.pushState(null, "", placeURL(to, home));
  place.value = to;
}

/** The place that is shown now. */
export function usePlace(): Readonly<ShallowRef<DeepReadonly<Place>>> {
  return readonly(place);
}
