import { Reaction_Kind } from "@singoff/client/protocol";
import { onScopeDispose, shallowRef, type Ref } from "vue";
import { onRoomEvent, useRoom } from "./useRoom";

/** One cheer on its way up. */
export interface Cheer {
  id: number;
  singerMemberId: string;
  emoji: string;
  /** Where it rises, 0 to 1 from the side's left. */
  at: number;
}

/** The kinds of cheers, with how they look and what they are called. */
export const kinds = [
  { kind: Reaction_Kind.CLAP, emoji: "👏", name: "clap" },
  { kind: Reaction_Kind.HEART, emoji: "❤️", name: "heart" },
  { kind: Reaction_Kind.FIRE, emoji: "🔥", name: "fire" },
  { kind: Reaction_Kind.LAUGH, emoji: "😂", name: "laugh" },
  { kind: Reaction_Kind.WOW, emoji: "😮", name: "wow" },
  { kind: Reaction_Kind.CRY, emoji: "😢", name: "cry" },
] as const;

/** How long a cheer is seen, in ms, and how many at once at most. */
const cheerTime = 1800;
const mostCheers = 24;
/** Taps within this are one command. */
const gatherFor = 200;
const mostAtOnce = 20;

/** The cheers that rise now, everybody's, and one's own way to cheer. */
export function useCheers(): { rising: Readonly<Ref<readonly Cheer[]>>; cheer(singerMemberId: string, kind: Reaction_Kind): void } {
  const { room } = useRoom();
  const rising = shallowRef<readonly Cheer[]>([]);
  const timers = new Set<ReturnType<typeof setTimeout>>();
  const gathered = new Map<string, { singerMemberId: string; kind: Reaction_Kind; count: number }>();
  let nextId = 1;

  function later(ms: number, what: () => void): void {
    const timer = setTimeout(() => {
      timers.delete(timer);
      what();
    }, ms);
    timers.add(timer);
  }

  function show(singerMemberId: string, kind: Reaction_Kind, count: number): void {
    const emoji = kinds.find((k) => k.kind === kind)?.emoji ?? "👏";
    const added: Cheer[] = Array.from({ length: Math.min(count, 6) }, () => ({ id: nextId++, singerMemberId, emoji, at: Math.random() }));
    rising.value = [...rising.value, ...added].slice(-mostCheers);
    later(cheerTime, () => {
      rising.value = rising.value.filter((cheer) => !added.includes(cheer));
    });
  }

  function cheer(singerMemberId: string, kind: Reaction_Kind): void {
    const key = `${singerMemberId} ${kind}`;
    const waiting = gathered.get(key);
    if (waiting !== undefined) {
      waiting.count = Math.min(mostAtOnce, waiting.count + 1);
      return;
    }
    gathered.set(key, { singerMemberId, kind, count: 1 });
    later(gatherFor, () => {
      const { count } = gathered.get(key) ?? { count: 1 };
      gathered.delete(key);
      room.value?.react(singerMemberId, kind, count);
    });
  }

  onRoomEvent(({ event }) => {
    if (event.body.case === "reaction") {
      show(event.body.value.singerMemberId, event.body.value.kind, event.body.value.count);
    }
  });
  onScopeDispose(() => timers.forEach(clearTimeout));
  return { rising, cheer };
}
