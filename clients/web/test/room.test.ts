import { State, type PendingCommand } from "@singoff/client";
import { Vote_Choice, type Event, type RoomState } from "@singoff/client/protocol";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { nextTick } from "vue";
import { goodFor, useLine } from "@/battle/useLine";
import { useVotes } from "@/battle/useVotes";
import { useTranscript } from "@/chat/useTranscript";
import { i18n } from "@/shell/i18n";
import { inBattle } from "./battle.ts";

beforeEach(() => {
  vi.useFakeTimers({ now: 1_000_000 });
  i18n.global.locale.value = "en";
});
afterEach(() => vi.useRealTimers());

const said = (seq: number, text = `line ${seq}`) => ({ seq: BigInt(seq), memberId: "m1", body: { case: "chatMessage", value: { text } } }) as Event;
const noted = (seq: number) => ({ seq: BigInt(seq), memberId: "m1", body: { case: "presence", value: {} } }) as Event;
const roomWith = (fields: Partial<RoomState>) => ({ members: [], tallies: [], ownVotes: [], bans: [], ...fields }) as unknown as RoomState;
const stateOf = (chat: Event[], room = roomWith({})) => new State(chat.at(-1)?.seq ?? 0n, "m1", room, chat, true);
const seqs = (events: readonly Event[]) => events.map((event) => Number(event.seq));

test("the room is closed with its component, and listens to nothing any more", () => {
  const { battle, room, app } = inBattle(() => undefined);
  room.become(stateOf([said(1)]));
  expect(battle.state.value?.chat.length).toBe(1);
  app.unmount();
  expect(room.closed).toBe(true);
  expect(room.listeners).toBe(0);
  expect(battle.state.value).toBeUndefined();
});

test("a line that dropped is told with its count-down, and what was caught up for a while", async () => {
  const { result: line, room } = inBattle(useLine);
  room.connect({ phase: "connecting" });
  await nextTick();
  expect(line.value, "the first connection is no loss").toBeUndefined();
  room.connect({ phase: "live" });
  await nextTick();
  expect(line.value).toBeUndefined();

  room.connect({ phase: "waiting", retryAt: Date.now() + 5000 });
  await nextTick();
  expect(line.value?.text).toContain("Again in 5 s");
  await vi.advanceTimersByTimeAsync(3000);
  expect(line.value?.text).toContain("Again in 2 s");
  room.connect({ phase: "connecting" });
  await nextTick();
  expect(line.value).toMatchObject({ mood: "bad", canRetry: false });

  room.connect({ phase: "live", recovery: { kind: 2, events: 14 } as never });
  await nextTick();
  expect(line.value).toEqual({ mood: "good", text: "Back, 14 events caught up.", canRetry: false });
  await vi.advanceTimersByTimeAsync(goodFor);
  expect(line.value).toBeUndefined();
});

test.each([
  [{ kind: 3, cause: 2 }, "began anew|started anew"],
  [{ kind: 3, cause: 3 }, "away for long"],
  [{ kind: 2, events: 0 }, "Nothing was missed"],
  [{ kind: 2, events: 1 }, "1 event caught up"],
])("a recovery %j says so", async (recovery, words) => {
  const { result: line, room } = inBattle(useLine);
  room.connect({ phase: "live" });
  await nextTick();
  room.connect({ phase: "waiting", retryAt: Date.now() });
  await nextTick();
  room.connect({ phase: "live", recovery: recovery as never });
  await nextTick();
  expect(line.value?.text).toMatch(new RegExp(words));
});

test("the transcript has each line once, in the room's order, with what happened between", async () => {
  const { result: lines, room } = inBattle(useTranscript);
  room.become(stateOf([said(1), said(3)]));
  await nextTick();
  room.happen(noted(4));
  room.happen(said(5));
  room.become(stateOf([said(1), said(3), said(5)]));
  await nextTick();
  // Replayed after a reconnect, out of what the state has already.
  room.become(stateOf([said(3), said(5), said(8)]));
  await nextTick();
  room.happen(noted(7));
  room.happen(said(8));
  await nextTick();
  expect(seqs(lines.value)).toEqual([1, 3, 4, 5, 7, 8]);
});

test("after a snapshot the transcript begins anew: what was kept may be of another log", async () => {
  const { result: lines, room } = inBattle(useTranscript);
  room.become(stateOf([said(90), said(91)]));
  await nextTick();
  room.become(stateOf([said(2, "of the new log")]));
  room.connect({ phase: "live", recovery: { kind: 3, cause: 2 } as never });
  await nextTick();
  expect(seqs(lines.value)).toEqual([2]);
});

test("one's own vote is the one on its way, until the room has answered", async () => {
  const { result: votes, room } = inBattle(useVotes);
  room.become(stateOf([], roomWith({ ownVotes: [{ singerMemberId: "s1", up: true }] as never })));
  expect(votes.own("s1")).toBe(Vote_Choice.UP);
  votes.toggle("s1", Vote_Choice.UP);
  expect(room.asked).toEqual([["vote", "s1", Vote_Choice.NONE]]);
  const pending = (choice: Vote_Choice) => ({ id: 1, since: 0, sent: true, command: { case: "vote", value: { singerMemberId: "s1", choice } } }) as PendingCommand;
  room.pending = [pending(Vote_Choice.DOWN), pending(Vote_Choice.NONE)];
  room.emit("state", room.state);
  expect(votes.own("s1")).toBe(Vote_Choice.NONE);
  expect(votes.own("s2")).toBe(Vote_Choice.NONE);
  room.pending = [];
  room.become(stateOf([], roomWith({})));
  expect(votes.own("s1")).toBe(Vote_Choice.NONE);
  votes.toggle("s1", Vote_Choice.DOWN);
  expect(room.asked.at(-1)).toEqual(["vote", "s1", Vote_Choice.DOWN]);
});
