import { isId } from "@singoff/client";
import { readonly, shallowRef, type DeepReadonly, type ShallowRef } from "vue";
import { config, home } from "./config";

/** What the page shows. */
export type Place = { view: "entrance" } | { view: "room" | "stage"; roomId: string };

/** Reads an address of the page; one that means nothing is the entrance. */
export function parsePlace(url: URL, base: URL): Place {
  const [view, roomId, rest] = url.pathname.slice(base.pathname.length).split("/");
  if ((view === "room" || view === "stage") && roomId !== undefined && isId(roomId) && !rest) {
    return { view, roomId };
  }
  return { view: "entrance" };
}

const namespaceField = "namespace";

/** Whose rooms an address is about: `?namespace=club`; empty: the server's default. Undefined: what it says is no namespace. */
export function parseNamespace(url: URL): string | undefined {
  const given = url.searchParams.get(namespaceField) ?? "";
  return given === "" || isId(given) ? given : undefined;
}

/** The namespace of this page: one from its first load to its end, in all its links. */
export const namespace = parseNamespace(new URL(location.href));

/** The address of a place below the base, in a namespace. */
export function placeURL(place: Place, base: URL, within = namespace): string {
  const url = place.view === "entrance" ? new URL(base) : new URL(`${place.view}/${place.roomId}`, base);
  if (within) {
    url.searchParams.set(namespaceField, within);
  }
  return url.href;
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
