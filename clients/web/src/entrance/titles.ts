import { namespace } from "@/shell/place";

/** A reload needs the title of the room that was named last: once somebody is in it, the room itself keeps it. */
const mostTitles = 20;
const key = `singoff.page.titles.${namespace ?? ""}`;

/** Titles of rooms that were named in this tab and may not exist yet, by room id. A page that is loaded anew still knows them. */
export const titles = {
  get: (roomId: string): string | undefined => kept.get(roomId),
  set(roomId: string, title: string): void {
    kept.delete(roomId);
    kept.set(roomId, title);
    try {
      sessionStorage.setItem(key, JSON.stringify([...kept].slice(-mostTitles)));
    } catch {
      // full, or not allowed: a reload shows the room's id
    }
  },
};

const kept = new Map(recall());

function recall(): [string, string][] {
  try {
    const entries = JSON.parse(sessionStorage.getItem(key) ?? "[]") as unknown;
    return Array.isArray(entries) ? entries.filter(isEntry) : [];
  } catch {
    return []; // a browser that keeps nothing, or what isn't ours
  }
}

function isEntry(entry: unknown): entry is [string, string] {
  return Array.isArray(entry) && entry.length === 2 && entry.every((part) => typeof part === "string");
}
