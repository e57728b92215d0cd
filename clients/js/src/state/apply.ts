import { clone, create, toBinary } from "@bufbuild/protobuf";
import {
  CountsSchema, EventSchema, MemberSchema, Moderation_Action, NowPlaying_State, Presence_Change, Role, SingerTallySchema, TallySchema, BanSchema, OwnVoteSchema,
  Vote_Choice,
  type Ban, type Event, type Member, type Moderation, type Presence, type RoomOpened, type RoomState, type Vote,
} from "../protocol.js";
import { msOf } from "../time.js";
import { State, maxChat, maxChatBytes } from "./state.js";

/**
 * apply is the state after a live event. Events that aren't kept, and those of the past, change nothing, but for the own vote that still stands
 * for a singer who is back. The event is kept and mustn't be changed.
 */
export function apply(state: State, event: Event): State {
  const standing = event.seq === 0n && event.body.case === "vote";
  if (!state.known || (event.seq <= state.seq && !standing)) {
    return state;
  }
  const seq = standing ? state.seq : event.seq;
  switch (event.body.case) {
    case "chatMessage":
      return new State(seq, state.selfId, state.room, remember(state.chat, event), true);
    case "presence": case "vote": case "musicSelected": case "playback": case "moderation": case "roomOpened": case "roomClosed": {
      const room = { ...state.room };
      change(room, event, state.selfId);
      return new State(seq, state.selfId, room, event.body.case === "roomClosed" ? [] : state.chat, true);
    }
    default:
      return new State(seq, state.selfId, state.room, state.chat, true);
  }
}

/** change applies an event to a copy of a room; what a field refers to is replaced and never changed. */
function change(room: RoomState, event: Event, selfId: string): void {
  const { body } = event;
  switch (body.case) {
    case "presence":
      present(room, body.value);
      break;
    case "vote":
      vote(room, body.value, selfId !== "" && event.memberId === selfId);
      break;
    case "musicSelected":
      update(room, event.memberId, (member) => {
        delete member.pick;
        if (body.value.track !== undefined) {
          member.pick = body.value.track;
        }
      });
      break;
    case "playback":
      delete room.nowPlaying;
      if (body.value.now !== undefined && body.value.now.state !== NowPlaying_State.STOPPED) {
        room.nowPlaying = body.value.now;
      }
      break;
    case "moderation":
      moderate(room, event, body.value);
      break;
    case "roomOpened":
      opened(room, body.value);
      break;
    case "roomClosed":
      closed(room);
      break;
  }
}

function present(room: RoomState, presence: Presence): void {
  const { member } = presence;
  if (member !== undefined) {
    switch (presence.change) {
      case Presence_Change.JOINED:
        joined(room, member);
        break;
      case Presence_Change.LEFT:
        left(room, member.memberId);
        break;
      case Presence_Change.HOST:
        room.hostMemberId = member.memberId;
        replace(room, member);
        break;
      default:
        replace(room, member);
    }
  }
  if (presence.roomTitle !== "") {
    room.title = presence.roomTitle;
  }
  if (presence.counts !== undefined) {
    room.counts = presence.counts;
  }
}

function joined(room: RoomState, member: Member): void {
  room.members = [...room.members, member];
  if (member.role === Role.SINGER) {
    room.tallies = [...room.tallies, create(SingerTallySchema, { singerMemberId: member.memberId, tally: create(TallySchema) })];
  }
}

/** left takes a member away, with what belongs to it: the host's role, and a singer's tally and votes. A song ends by an event of its own. */
function left(room: RoomState, memberId: string): void {
  room.members = room.members.filter((member) => member.memberId !== memberId);
  room.tallies = room.tallies.filter((tally) => tally.singerMemberId !== memberId);
  room.ownVotes = room.ownVotes.filter((own) => own.singerMemberId !== memberId);
  if (room.hostMemberId === memberId) {
    room.hostMemberId = "";
  }
}

function replace(room: RoomState, member: Member): void {
  room.members = room.members.map((known) => known.memberId === member.memberId ? member : known);
}

/** update replaces a member by a copy that edit has changed. */
function update(room: RoomState, memberId: string, edit: (member: Member) => void): void {
  const known = room.members.find((member) => memberId !== "" && member.memberId === memberId);
  if (known !== undefined) {
    const member = clone(MemberSchema, known);
    edit(member);
    replace(room, member);
  }
}

function vote(room: RoomState, cast: Vote, own: boolean): void {
  const { singerMemberId, choice, tally = create(TallySchema) } = cast;
  room.tallies = room.tallies.map((known) => known.singerMemberId === singerMemberId ? create(SingerTallySchema, { singerMemberId, tally }) : known);
  if (!own) {
    return;
  }
  const votes = room.ownVotes.filter((known) => known.singerMemberId !== singerMemberId);
  if (choice === Vote_Choice.UP || choice === Vote_Choice.DOWN) {
    votes.push(create(OwnVoteSchema, { singerMemberId, up: choice === Vote_Choice.UP }));
  }
  const at = (memberId: string): number => room.members.findIndex((member) => member.memberId === memberId);
  room.ownVotes = votes.sort((a, b) => at(a.singerMemberId) - at(b.singerMemberId));
}

/** moderate keeps the lock and the list of bans and kicks. Kicks that are over drop out. */
function moderate(room: RoomState, event: Event, { action, memberId, nickname, until }: Moderation): void {
  const stays = (ban: Ban): boolean => ban.memberId !== memberId;
  const lasts = (ban: Ban): boolean => !(ban.until && event.time && msOf(ban.until) <= msOf(event.time));
  switch (action) {
    case Moderation_Action.LOCK:
      room.locked = true;
      break;
    case Moderation_Action.UNLOCK:
      room.locked = false;
      break;
    case Moderation_Action.UNBAN:
      room.bans = room.bans.filter(stays);
      break;
    case Moderation_Action.KICK: case Moderation_Action.BAN:
      room.bans = [
        ...room.bans.filter((ban) => stays(ban) && lasts(ban)), create(BanSchema, { memberId, nickname, ...(until && { until }) }),
      ];
      break;
  }
}

/** opened makes all seated members away, with a full hold; observers are gone. */
function opened(room: RoomState, { heldUntil }: RoomOpened): void {
  const seated = room.members.filter((member) => member.role !== Role.OBSERVER);
  if (room.members.some((member) => member.role === Role.OBSERVER && member.memberId === room.hostMemberId)) {
    room.hostMemberId = "";
  }
  room.members = seated.map((known) => {
    const member = clone(MemberSchema, known);
    member.away = true;
    delete member.heldUntil;
    if (heldUntil !== undefined) {
      member.heldUntil = heldUntil;
    }
    return member;
  });
  const singers = seated.filter((member) => member.role === Role.SINGER).length;
  room.counts = create(CountsSchema, { singers, watchers: seated.length - singers, away: seated.length });
}

/** closed forgets what a room's life is made of; nobody is seated then. */
function closed(room: RoomState): void {
  room.title = room.hostMemberId = "";
  room.locked = false;
  room.tallies = [];
  room.ownVotes = [];
  room.bans = [];
  delete room.nowPlaying;
}

/** remember adds a line of chat within the bounds. Lines of the past carry no numbers, so that all clients keep the same. */
function remember(chat: readonly Event[], event: Event): Event[] {
  const line = clone(EventSchema, event);
  line.number = 0n;
  const lines = [...chat, line];
  let first = lines.length;
  for (let bytes = 0; first > 0 && lines.length - first < maxChat; first--) {
    bytes += sizeOf(lines[first - 1] ?? line);
    if (bytes > maxChatBytes) {
      break;
    }
  }
  return lines.slice(first);
}

/** The encoded sizes of lines, which never change, are worked out once. */
const sizes = new WeakMap<Event, number>();

function sizeOf(line: Event): number {
  const bytes = sizes.get(line) ?? toBinary(EventSchema, line).length;
  sizes.set(line, bytes);
  return bytes;
}
