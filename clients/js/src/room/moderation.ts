import { create } from "@bufbuild/protobuf";
import { Moderation_Action, ModerationSchema, Playback_Action, PlaybackSchema, type Event, type JoinRequest } from "../protocol.js";

/** Moderation are the acts of the host; anybody else's are refused. */
export class Moderation {
  readonly #do: (command: JoinRequest["command"]) => Promise<Event>;

  constructor(act: (command: JoinRequest["command"]) => Promise<Event>) {
    this.#do = act;
  }

  /** passHost makes a member, seated and connected, the host. */
  passHost(memberId: string): Promise<Event> { return this.#act(Moderation_Action.PASS_HOST, memberId); }
  /** kick removes a member's user for five minutes. */
  kick(memberId: string): Promise<Event> { return this.#act(Moderation_Action.KICK, memberId); }
  /** ban removes a member's user for the room's life; their votes go. */
  ban(memberId: string): Promise<Event> { return this.#act(Moderation_Action.BAN, memberId); }
  /** unban lets the user come back who was kicked or banned as this member. */
  unban(memberId: string): Promise<Event> { return this.#act(Moderation_Action.UNBAN, memberId); }
  /** lock lets no new member in; away ones return. */
  lock(): Promise<Event> { return this.#act(Moderation_Action.LOCK, ""); }
  /** unlock lets new members in again. */
  unlock(): Promise<Event> { return this.#act(Moderation_Action.UNLOCK, ""); }
  /** freeSeat removes a member who is away. */
  freeSeat(memberId: string): Promise<Event> { return this.#act(Moderation_Action.FREE_SEAT, memberId); }
  /** stop stops the song, whose ever it is. */
  stop(): Promise<Event> { return this.#do({ case: "playback", value: create(PlaybackSchema, { action: Playback_Action.STOP }) }); }

  #act(action: Moderation_Action, memberId: string): Promise<Event> {
    return this.#do({ case: "moderation", value: create(ModerationSchema, { action, memberId }) });
  }
}
