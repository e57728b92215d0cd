import { onScopeDispose, readonly, shallowRef, type Ref } from "vue";
import { onRoomEvent, useRoom } from "@/battle/useRoom";

/** A line of chat on its way across the big screen. */
export interface PassingLine {
  id: string;
  name: string;
  /** Seat on stage of who said it; 0: the front row. */
  seat: number;
  text: string;
}

const shownAtMost = 3;
const shownForMs = 20_000;
const longest = 140;

/** The last lines of chat, each for a while; whispers aren't for a screen, which gets none. */
export function usePassing(): Readonly<Ref<readonly PassingLine[]>> {
  const { state } = useRoom();
  const lines = shallowRef<readonly PassingLine[]>([]);
  const timers = new Set<ReturnType<typeof setTimeout>>();

  function show(line: PassingLine): void {
    lines.value = [...lines.value, line].slice(-shownAtMost);
    const timer = setTimeout(() => {
      timers.delete(timer);
      lines.value = lines.value.filter((l) => l.id !== line.id);
    }, shownForMs);
    timers.add(timer);
  }

  onRoomEvent(({ event, kind }) => {
    if (event.body.case === "chatMessage" && kind === "live" && event.body.value.toMemberId === "") {
      const { nickname, text } = event.body.value;
      show({ id: String(event.seq), name: nickname, seat: seatOf(event.memberId), text: clip(text) });
    }
  });
  const seatOf = (memberId: string) => {
    const member = state.value?.member(memberId);
    return member !== undefined && state.value?.inRole(1).includes(member) ? member.seat : 0;
  };
  onScopeDispose(() => timers.forEach(clearTimeout));
  return readonly(lines) as Readonly<Ref<readonly PassingLine[]>>;
}

/** Cuts what would fill the screen, between characters as people see them. */
function clip(text: string): string {
  const one = text.replace(/\s+/g, " ").trim();
  if (one.length <= longest) {
    return one;
  }
  const parts = new Intl.Segmenter(undefined, { granularity: "grapheme" }).segment(one.slice(0, 4 * longest));
  return `${Array.from(parts, (p) => p.segment).slice(0, longest).join("")}…`;
}
