import { clone, create, equals, toBinary, type MessageInitShape } from "@bufbuild/protobuf";
import { durationFromMs } from "@bufbuild/protobuf/wkt";
import { expect, test } from "vitest";
import {
  EventSchema, MemberSchema, Moderation_Action, NowPlaying_State, NowPlayingSchema, Playback_Action, Presence_Change, Role, RoomStateSchema, Vote_Choice, WelcomeSchema,
  type Event, type Member, type RoomState,
} from "../../src/index.js";
import { apply } from "../../src/state/apply.js";
import { State, maxChat, maxChatBytes } from "../../src/state/state.js";
import { timestampOf } from "../../src/time.js";

function member(memberId: string, role: Role, seat: number, more: MessageInitShape<typeof MemberSchema> = {}): Member {
  return create(MemberSchema, { ...more, memberId, nickname: `nick ${memberId}`, role, seat });
}

const { SINGER, WATCHER, OBSERVER } = Role;
const { UP, DOWN, NONE } = Vote_Choice;

/** start is a room of two singers, s1 the host, a watcher w1 and an observer o1, as self sees it; s2 sings. */
function start(self: string): State {
  return State.of(create(WelcomeSchema, {
    self: { memberId: self }, snapshotSeq: 10n,
    room: {
      title: "Friday", hostMemberId: "s1", counts: { singers: 2, watchers: 1, observers: 1 },
      members: [member("s1", SINGER, 1), member("s2", SINGER, 2), member("w1", WATCHER, 1), member("o1", OBSERVER, 0)],
      tallies: [{ singerMemberId: "s1", tally: { upGuests: 1 } }, { singerMemberId: "s2", tally: {} }],
      ownVotes: [{ singerMemberId: "s1", up: true }],
      nowPlaying: { singerMemberId: "s2", state: NowPlaying_State.PAUSED },
    },
  }));
}

/** line says in one line what differs between rooms. */
function line(state: State): string {
  const members = state.members.map((m) => {
    const tally = state.tally(m.memberId);
    const vote = state.ownVote(m.memberId);
    return [
      m.memberId, m.away && "/away", m.hidden && "/hidden", m.pick && `/${m.pick.trackId}`,
      tally && `:${tally.upGuests + tally.upSignedIn}-${tally.downGuests + tally.downSignedIn}`, vote !== NONE && `_${Vote_Choice[vote]}`,
    ].filter((part) => part).join("");
  });
  const { singers, watchers, observers, away } = state.counts ?? { singers: 0, watchers: 0, observers: 0, away: 0 };
  return [
    `${state.seq} "${state.title}" host=${state.host?.memberId ?? ""}`, ...members, `n=${singers}+${watchers}+${observers}-${away}`,
    state.locked && "locked", state.nowPlaying && `plays=${state.nowPlaying.singerMemberId}`, ...state.bans.map((ban) => `ban=${ban.memberId}`),
  ].filter((part) => part).join(" ");
}

type Body = MessageInitShape<typeof EventSchema>["body"];

function by(memberId: string, body: Body, more: MessageInitShape<typeof EventSchema> = {}): Event {
  return create(EventSchema, { ...more, memberId, body } as MessageInitShape<typeof EventSchema>);
}

function presence(change: Presence_Change, who: Member, counts?: [number, number, number, number], roomTitle = ""): Event {
  const [singers, watchers, observers, away] = counts ?? [0, 0, 0, 0];
  return by(who.memberId, { case: "presence", value: { change, member: who, roomTitle, ...(counts && { counts: { singers, watchers, observers, away } }) } });
}

function vote(voter: string, singerMemberId: string, choice: Vote_Choice, [upGuests, downGuests]: [number, number]): Event {
  return by(voter, { case: "vote", value: { singerMemberId, choice, tally: { upGuests, downGuests } } });
}

function playback(action: Playback_Action, singerMemberId: string, state: NowPlaying_State): Event {
  return by(singerMemberId, { case: "playback", value: { action, now: { singerMemberId, state } } });
}

function moderation(action: Moderation_Action, memberId = "", untilMs?: number): Event {
  const until = untilMs === undefined ? {} : { until: timestampOf(untilMs) };
  return by("s1", { case: "moderation", value: { action, memberId, ...until } }, { time: timestampOf(1000) });
}

const pick = by("s1", { case: "musicSelected", value: { trackId: "t1", track: { trackId: "t1" } } });
const unpick = by("s1", { case: "musicSelected", value: {} });
const roomOpened = by("", { case: "roomOpened", value: { epoch: 8n } });
const roomClosed = by("", { case: "roomClosed", value: {} });
const { JOINED, LEFT, AWAY, HIDDEN, HOST } = Presence_Change;
const { LOCK, UNLOCK, KICK, BAN, UNBAN } = Moderation_Action;

const battle = 's1:1-0_UP s2:0-0 w1 o1';

test.each<[string, string, Event[], string]>([
  ["nothing", "w1", [], `10 "Friday" host=s1 ${battle} n=2+1+1-0 plays=s2`],
  ["a watcher joined", "w1", [presence(JOINED, member("w2", WATCHER, 2), [2, 2, 1, 0])], `11 "Friday" host=s1 ${battle} w2 n=2+2+1-0 plays=s2`],
  ["a singer joined", "w1", [presence(JOINED, member("s3", SINGER, 3), [3, 1, 1, 0])], `11 "Friday" host=s1 ${battle} s3:0-0 n=3+1+1-0 plays=s2`],
  ["the host left", "w1", [presence(LEFT, member("s1", SINGER, 1), [1, 1, 1, 0])], `11 "Friday" host= s2:0-0 w1 o1 n=1+1+1-0 plays=s2`],
  ["away", "w1", [presence(AWAY, member("s1", SINGER, 1, { away: true }), [2, 1, 1, 1])],
    `11 "Friday" host=s1 s1/away:1-0_UP s2:0-0 w1 o1 n=2+1+1-1 plays=s2`],
  ["hidden", "w1", [presence(HIDDEN, member("w1", WATCHER, 1, { hidden: true }))], `11 "Friday" host=s1 s1:1-0_UP s2:0-0 w1/hidden o1 n=2+1+1-0 plays=s2`],
  ["another host", "w1", [presence(HOST, member("s2", SINGER, 2))], `11 "Friday" host=s2 ${battle} n=2+1+1-0 plays=s2`],
  ["own votes", "w1", [vote("w1", "s2", DOWN, [0, 1]), vote("w1", "s1", NONE, [0, 0]), vote("w1", "s1", UP, [1, 0])],
    `13 "Friday" host=s1 s1:1-0_UP s2:0-1_DOWN w1 o1 n=2+1+1-0 plays=s2`],
  ["another's vote", "w1", [vote("w9", "s1", DOWN, [1, 1])], `11 "Friday" host=s1 s1:1-1_UP s2:0-0 w1 o1 n=2+1+1-0 plays=s2`],
  ["a tally told by the server", "", [vote("", "s1", NONE, [4, 0])], `11 "Friday" host=s1 s1:4-0_UP s2:0-0 w1 o1 n=2+1+1-0 plays=s2`],
  ["a pick", "w1", [pick], `11 "Friday" host=s1 s1/t1:1-0_UP s2:0-0 w1 o1 n=2+1+1-0 plays=s2`],
  ["a pick taken back", "w1", [pick, unpick], `12 "Friday" host=s1 ${battle} n=2+1+1-0 plays=s2`],
  ["stopped and started", "w1", [
    playback(Playback_Action.STOP, "s2", NowPlaying_State.STOPPED), playback(Playback_Action.START, "s1", NowPlaying_State.PLAYING),
  ], `12 "Friday" host=s1 ${battle} n=2+1+1-0 plays=s1`],
  ["ended", "w1", [playback(Playback_Action.ENDED, "s2", NowPlaying_State.STOPPED)], `11 "Friday" host=s1 ${battle} n=2+1+1-0`],
  ["locked", "w1", [moderation(LOCK)], `11 "Friday" host=s1 ${battle} n=2+1+1-0 locked plays=s2`],
  ["unlocked", "w1", [moderation(LOCK), moderation(UNLOCK)], `12 "Friday" host=s1 ${battle} n=2+1+1-0 plays=s2`],
  ["who may not come back", "w1", [
    moderation(KICK, "w7", 999), moderation(BAN, "w8"), moderation(KICK, "w9", 1300), moderation(BAN, "w6"), moderation(UNBAN, "w6"),
  ], `15 "Friday" host=s1 ${battle} n=2+1+1-0 plays=s2 ban=w8 ban=w9`],
  ["opened by another node", "w1", [roomOpened], `11 "Friday" host=s1 s1/away:1-0_UP s2/away:0-0 w1/away n=2+1+0-3 plays=s2`],
  ["closed, and made anew", "o1", [
    presence(LEFT, member("s1", SINGER, 1)), presence(LEFT, member("s2", SINGER, 2)), presence(LEFT, member("w1", WATCHER, 1), [0, 0, 1, 0]), roomClosed,
    presence(JOINED, member("w2", WATCHER, 2), [0, 1, 0, 0], "Saturday"),
  ], `15 "Saturday" host= o1 w2 n=0+1+0-0`],
])("%s", (_, self, events, want) => {
  const states = [start(self)];
  const before: RoomState[] = [];
  events.forEach((event, at) => {
    const newest = states.at(-1) ?? State.unknown;
    before.push(clone(RoomStateSchema, newest.room));
    states.push(apply(newest, { ...event, seq: BigInt(11 + at) }));
  });
  expect(line(states.at(-1) ?? State.unknown)).toBe(want);
  before.forEach((room, at) => {
    expect(equals(RoomStateSchema, states[at]?.room ?? room, room), `state ${at} was changed by a later event`).toBe(true);
  });
});

test("the own vote that stands for a singer who is back is told with seq 0", () => {
  let state = apply(start("w1"), { ...presence(LEFT, member("s1", SINGER, 1)), seq: 11n });
  state = apply(state, { ...presence(JOINED, member("s9", SINGER, 1)), seq: 12n });
  state = apply(state, vote("w1", "s9", UP, [1, 0]));
  expect(line(state)).toBe('12 "Friday" host= s2:0-0 w1 o1 s9:1-0_UP n=2+1+1-0 plays=s2');
});

test("what isn't kept, and what is old, changes nothing", () => {
  const state = start("w1");
  for (const seq of [0n, 9n, 10n]) {
    expect(apply(state, { ...presence(LEFT, member("s1", SINGER, 1)), seq })).toBe(state);
  }
  expect(apply(State.unknown, { ...presence(JOINED, member("s1", SINGER, 1)), seq: 1n })).toBe(State.unknown);
});

test("what an event doesn't touch is the same object, so that a page needn't draw it again", () => {
  const state = start("w1");
  const next = apply(state, { ...vote("w9", "s1", DOWN, [1, 1]), seq: 11n });
  expect(next.members).toBe(state.members);
  expect(next.nowPlaying).toBe(state.nowPlaying);
  expect(next.room.tallies).not.toBe(state.room.tallies);
});

test("chat is bounded, and forgets the numbers", () => {
  const say = (state: State, text: string): State =>
    apply(state, create(EventSchema, { seq: state.seq + 1n, number: 7n, body: { case: "chatMessage", value: { text } } }));
  let state = start("w1");
  for (let i = 0; i < 250; i++) {
    state = say(state, String(i));
  }
  expect(state.chat).toHaveLength(maxChat);
  expect(state.chat[0]).toMatchObject({ number: 0n, body: { value: { text: "150" } } });
  for (let i = 0; i < 20; i++) {
    state = say(state, "가".repeat(2000));
  }
  expect(state.chat).toHaveLength(10);
  expect(state.chat.reduce((bytes, event) => bytes + toBinary(EventSchema, event).length, 0)).toBeLessThanOrEqual(maxChatBytes);
  expect(apply(state, { ...roomClosed, seq: state.seq + 1n }).chat).toEqual([]);
});

test("reading", () => {
  const state = start("w1");
  expect([state.self?.memberId, state.host?.memberId, state.isHost]).toEqual(["w1", "s1", false]);
  expect([state.member("nobody"), state.member(""), state.tally("w1")]).toEqual([undefined, undefined, undefined]);
  expect(state.inRole(SINGER).map(({ seat }) => seat)).toEqual([1, 2]);
});

test("the song's position", () => {
  const noon = 43_200_000;
  const song = start("w1");
  song.room.nowPlaying = create(NowPlayingSchema, {
    singerMemberId: "s1", state: NowPlaying_State.PLAYING, position: durationFromMs(10_000), startsAt: timestampOf(noon), track: { duration: durationFromMs(60_000) },
  });
  expect([-3_000, 0, 5_000, 3_600_000].map((after) => song.position(noon + after))).toEqual([10_000, 10_000, 15_000, 60_000]);
  song.room.nowPlaying.state = NowPlaying_State.PAUSED;
  expect(song.position(noon + 5_000)).toBe(10_000);
  delete song.room.nowPlaying;
  expect(song.position(noon)).toBeUndefined();
});
