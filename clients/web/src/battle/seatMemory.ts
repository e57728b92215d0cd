import { namespace } from "@/shell/place";

/** What is remembered of a seat, so that a page opened again takes it again without asking. */
export interface Seat {
  role: "singer" | "watcher";
  nickname: string;
  title: string;
  /** Which of this browser's people sits there; empty: the usual one. */
  person: string;
}

/** As long as the server remembers a member who is away, in ms. */
export const rememberedFor = 15 * 60_000;

const key = (roomId: string) => `singoff.page.seat.${namespace ?? ""}/${roomId}`;

/** The tab's memory, then the browser's; in a browser that keeps nothing there are none. */
function memories(): Storage[] {
  try {
    return [sessionStorage, localStorage];
  } catch {
    return [];
  }
}

/** Remembers the seat as of now; asked for again and again while it is held. A further person is the tab's alone. */
export function rememberSeat(roomId: string, seat: Seat, now = Date.now()): void {
  for (const memory of seat.person === "" ? memories() : memories().slice(0, 1)) {
    try {
      memory.setItem(key(roomId), JSON.stringify({ ...seat, at: now }));
    } catch {
      // full, or not allowed: the page asks at the door again
    }
  }
}

/** The seat that this tab, or else this browser, held in the room lately; undefined: none. */
export function recallSeat(roomId: string, now = Date.now()): Seat | undefined {
  for (const memory of memories()) {
    const seat = parseSeat(memory.getItem(key(roomId)), now);
    if (seat !== undefined) {
      return seat;
    }
  }
  return undefined;
}

function parseSeat(text: string | null, now: number): Seat | undefined {
  let kept: Partial<Seat & { at: number }>;
  try {
    kept = JSON.parse(text ?? "") as typeof kept;
  } catch {
    return undefined;
  }
  const { role, nickname, title, person, at } = kept ?? {};
  const whole = (role === "singer" || role === "watcher") && [nickname, title, person].every((field) => typeof field === "string");
  if (!whole || typeof at !== "number" || now - at >= rememberedFor) {
    return undefined;
  }
  return { role, nickname, title, person } as Seat;
}

/** Forgets it: one left, or may not come back. */
export function forgetSeat(roomId: string): void {
  memories().forEach((memory) => memory.removeItem(key(roomId)));
}
