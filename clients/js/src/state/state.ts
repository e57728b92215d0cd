import { create } from "@bufbuild/protobuf";
import { durationMs } from "@bufbuild/protobuf/wkt";
import {
  NowPlaying_State, RoomStateSchema, Vote_Choice,
  type Ban, type Counts, type Event, type Member, type NowPlaying, type Role, type RoomState, type Seats, type Tally, type Welcome,
} from "../protocol.js";
import { msOf } from "../time.js";

/** Bounds of the chat that a State keeps, in messages and in encoded bytes; the server's are the same. */
export const maxChat = 100;
export const maxChatBytes = 64 << 10;

/**
 * State is a room as of one event: the Welcome's, and every later event applied to it. It never changes: applying an event gives another one,
 * and what didn't change is shared between them (so `===` tells whether a part changed). Nothing reached through it may be changed.
 */
export class State {
  constructor(
    /** Of the newest kept event that is part of it; 0: nothing is known about the room yet. */
    readonly seq: bigint,
    /** The own member's id; empty: not known yet. */
    readonly selfId: string,
    /** What the server says of the room in Welcome, kept up to date. */
    readonly room: RoomState,
    /** The newest chat that the own user may see, whispers among it, oldest first. Each is an Event with a chatMessage. */
    readonly chat: readonly Event[],
    /** Whether a Welcome has come. */
    readonly known: boolean,
  ) {}

  /** The state of a room nothing is known about. */
  static readonly unknown: State = new State(0n, "", create(RoomStateSchema), [], false);

  /** of is the state that a Welcome tells. */
  static of(welcome: Welcome): State {
    const { snapshotSeq, self, room, recentChat } = welcome;
    return new State(snapshotSeq, self?.memberId ?? "", room ?? create(RoomStateSchema), recentChat, true);
  }

  /** The own member; undefined: it isn't there (any more, or yet). */
  get self(): Member | undefined { return this.member(this.selfId); }
  /** Free text. */
  get title(): string { return this.room.title; }
  /** All members in the order they joined. */
  get members(): readonly Member[] { return this.room.members; }
  /** How many seats there are. */
  get seats(): Seats | undefined { return this.room.seats; }
  /** How many are there. */
  get counts(): Counts | undefined { return this.room.counts; }
  /** The host; undefined: nobody. */
  get host(): Member | undefined { return this.member(this.room.hostMemberId); }
  /** Whether one is the host oneself. */
  get isHost(): boolean { return this.selfId !== "" && this.room.hostMemberId === this.selfId; }
  /** Whether new members are kept out. */
  get locked(): boolean { return this.room.locked; }
  /** The one song the room hears; undefined: none. */
  get nowPlaying(): NowPlaying | undefined { return this.room.nowPlaying; }
  /** Who may not come back. */
  get bans(): readonly Ban[] { return this.room.bans; }

  /** member is a member by id; undefined: not there. */
  member(memberId: string): Member | undefined {
    return memberId === "" ? undefined : this.room.members.find((member) => member.memberId === memberId);
  }

  /** inRole gives the members of a role, by seat. */
  inRole(role: Role): readonly Member[] {
    return this.room.members.filter((member) => member.role === role).sort((a, b) => a.seat - b.seat);
  }

  /** tally is a singer's tally; undefined: not a singer who is there. */
  tally(singerMemberId: string): Tally | undefined {
    return this.room.tallies.find((tally) => tally.singerMemberId === singerMemberId)?.tally;
  }

  /** ownVote is the own standing vote for a singer: UP, DOWN or NONE. */
  ownVote(singerMemberId: string): Vote_Choice {
    const vote = this.room.ownVotes.find((own) => own.singerMemberId === singerMemberId);
    if (vote === undefined) {
      return Vote_Choice.NONE;
    }
    return vote.up ? Vote_Choice.UP : Vote_Choice.DOWN;
  }

  /** position is where in the song the room is, in ms, at a time of the server's clock (Room.clock.now()); undefined: there is no song. */
  position(serverMs: number): number | undefined {
    const now = this.room.nowPlaying;
    if (now === undefined) {
      return undefined;
    }
    const stands = now.position ? durationMs(now.position) : 0;
    const moved = now.state === NowPlaying_State.PLAYING ? Math.max(0, serverMs - (msOf(now.startsAt) ?? serverMs)) : 0;
    const length = now.track?.duration ? durationMs(now.track.duration) : Infinity;
    return Math.min(stands + moved, length);
  }
}
