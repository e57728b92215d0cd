import { isId, roomId as idOf } from "@singoff/client";
import { readonly, shallowRef, type DeepReadonly, type ShallowRef } from "vue";
import { config, home } from "./config";

/** What the page shows; `title`: of a room whose address named it by its title. */
export type Place = { view: "entrance" } | { view: "room" | "stage"; roomId: string; title?: string };

/** How many characters a title has at most that is typed here. */
export const longestTitle = 100;

/** Reads an address of the page; one that means nothing is the entrance. A room is named by its id, or by hand with its title. */
export function parsePlace(url: URL, base: URL): Place {
  const [view, named, rest] = url.pathname.slice(base.pathname.length).split("/");
  if ((view !== "room" && view !== "stage") || named === undefined || rest) {
    return { view: "entrance" };
  }
  if (isId(named)) {
    return { view, roomId: named };
  }
  const title = decoded(named).normalize("NFC").trim();
  return title === "" || title.length > longestTitle ? { view: "entrance" } : { view, roomId: idOf(title), title };
}

/** A part of an address as text; empty if it is none. */
function decoded(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return "";
  }
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

/** The place of the page's address, which becomes the one that everybody has for it. */
function here(): Place {
  const at = parsePlace(new URL(location.href), home);
  if (at.view !== "entrance" && at.title !== undefined) {
    history.replaceState(history.state, "", placeURL(at, home));
  }
  return at;
}

const place = shallowRef<Place>(here());
addEventListener("popstate", () => {
  place.value = here();
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
