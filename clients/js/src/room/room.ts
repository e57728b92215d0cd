import { create } from "@bufbuild/protobuf";
import { durationFromMs } from "@bufbuild/protobuf/wkt";
import {
  ChatMessageSchema, LeaveSchema, MusicSelectedSchema, Playback_Action, PlaybackSchema, PresenceSchema, ReactionSchema, SignalSchema, VoteSchema,
  type Event, type JoinRequest, type Limits, type Reaction_Kind, type Signal_Kind, type Vote_Choice,
} from "../protocol.js";
import type { Kind } from "../session/session.js";
import type { State } from "../state/state.js";
import { Invalid, NotSent } from "../errors.js";
import type { ServerClock } from "./clock.js";
import type { ConnectionState } from "./connection_state.js";
import { Emitter } from "./emitter.js";
import { Moderation } from "./moderation.js";
import type { PendingCommand } from "./pending.js";
import { Runner, type Beginning, type RunnerConfig } from "./runner.js";
import { listenTo, thisPage } from "./wake.js";

/** RoomEvent is one event as a listener gets it. */
export interface RoomEvent {
  /** The event; it mustn't be changed. */
  readonly event: Event;
  /** Its place in the room's sequence; 0: not kept. */
  readonly seq: bigint;
  /** What it is: a welcome, one that is replayed after a reconnect and part of the state already, a live one, or one said aside. */
  readonly kind: Kind;
}

/** RoomEvents are what a Room tells its listeners. */
export interface RoomEvents {
  /** state or pending have changed. */
  state: State;
  /** An event came, after it was applied to the state. Pongs aren't told. */
  event: RoomEvent;
  /** connection has changed. */
  connection: ConnectionState;
  /** The Room has ended; see its end. takeOver begins again. */
  end: ConnectionState;
}

/** RoomConfig is what a Room is made from; Client.join fills it. */
export type RoomConfig = Omit<RunnerConfig, "stateChanged" | "happened" | "connectionChanged">;

/**
 * Room is one membership, and stays it through lost connections, sleep and other networks, until it is left, closed, or refused for good. Commands
 * resolve with the event that answers them (an Ack if they changed nothing) and wait while there is no connection. They fail with
 * Rejected (refused), Unknown (sent, and the outcome can't be told), NotSent (it never will be sent) or Invalid (not sent: too large).
 */
export class Room {
  readonly #runner: Runner;
  readonly #emitter = new Emitter<RoomEvents>();
  readonly #saver: RoomConfig["saver"];
  #forgetPage: () => void = () => undefined;
  /** The host's acts. */
  readonly moderate: Moderation;
  /** The room's id. */
  readonly roomId: string;

  constructor(config: RoomConfig) {
    this.roomId = config.hello.roomId;
    this.#saver = config.saver;
    this.moderate = new Moderation((command) => this.do(command));
    this.#runner = new Runner({
      ...config,
      stateChanged: () => { this.#emitter.emit("state", this.state); },
      happened: (event, kind) => { this.#emitter.emit("event", { event, seq: event.seq, kind }); },
      connectionChanged: () => { this.#connectionChanged(); },
    });
    queueMicrotask(() => { this.#begin(config.begin); });
  }

  #begin(how: Beginning): void {
    this.#forgetPage = listenTo(thisPage(), { woken: () => { this.#runner.woken(); }, left: () => { this.#saver?.flush(); } });
    this.#runner.begin(how);
  }

  #connectionChanged(): void {
    const { connection } = this;
    this.#emitter.emit("connection", connection);
    if (connection.phase === "ended") {
      this.#forgetPage();
      this.#emitter.emit("end", connection);
    }
  }

  /** The room as of the newest event. It is replaced with each change, never changed. */
  get state(): State { return this.#runner.state; }
  /** How the connection stands. */
  get connection(): ConnectionState { return this.#runner.connection; }
  /** The server's clock. */
  get clock(): ServerClock { return this.#runner.clock; }
  /** The commands that were asked for and have no answer yet, in their order. */
  get pending(): readonly PendingCommand[] { return this.#runner.pending; }
  /** The server's limits, as of the newest Welcome. */
  get limits(): Limits | undefined { return this.#runner.limits; }

  /** on adds a listener, and gives what removes it. A listener may call anything of the Room. */
  on<Name extends keyof RoomEvents>(name: Name, listener: (value: RoomEvents[Name]) => void): () => void {
    return this.#emitter.on(name, listener);
  }

  /** ready waits for the first Welcome, and gives the state of then. It fails with the connection's error, or a NotSent, if the Room ends before. */
  ready(): Promise<State> {
    return new Promise((resolve, reject) => {
      const look = ({ phase, error, goaway }: ConnectionState): void => {
        if (phase === "live" || this.state.known) {
          off();
          resolve(this.state);
        } else if (phase === "ended") {
          off();
          reject(error ?? new NotSent(goaway?.message || "the room has ended"));
        }
      };
      const off = this.on("connection", look);
      look(this.connection);
    });
  }

  /** do sends any command but a Hello and those that are sent at most once; when the signal ends first, one that was never sent is withdrawn. */
  do(command: JoinRequest["command"], signal?: AbortSignal): Promise<Event> { return this.#runner.do(command, signal); }

  /** say says something: 1 to 2,000 characters, to all, or to one seated member alone. */
  say(text: string, toMemberId = ""): Promise<Event> {
    return this.do({ case: "chatMessage", value: create(ChatMessageSchema, { text, toMemberId }) });
  }

  /** vote sets the own user's standing vote for a singer, or withdraws it with NONE. */
  vote(singerMemberId: string, choice: Vote_Choice): Promise<Event> {
    return this.do({ case: "vote", value: create(VoteSchema, { singerMemberId, choice }) });
  }

  /** pick chooses a track (singers); an empty id takes the pick back. */
  pick(trackId: string): Promise<Event> {
    return this.do({ case: "musicSelected", value: create(MusicSelectedSchema, { trackId }) });
  }

  /** rename gives oneself another nickname: 1 to 32 grapheme clusters, unique in the room. */
  rename(nickname: string): Promise<Event> {
    return this.do({ case: "presence", value: create(PresenceSchema, { nickname }) });
  }

  /** setHidden tells whether the person looks elsewhere: the page is in the background. */
  setHidden(hidden: boolean): Promise<Event> {
    return this.do({ case: "presence", value: create(PresenceSchema, { hidden }) });
  }

  /** start plays one's own pick for all, if nothing plays. */
  start(): Promise<Event> { return this.#play(Playback_Action.START); }
  /** pause lets one's song stand still. */
  pause(): Promise<Event> { return this.#play(Playback_Action.PAUSE); }
  /** resume lets one's paused song go on. */
  resume(): Promise<Event> { return this.#play(Playback_Action.RESUME); }
  /** stop ends one's song; the host may stop anybody's. */
  stop(): Promise<Event> { return this.#play(Playback_Action.STOP); }
  /** seek jumps to a position in one's song, in ms from its beginning; the server clamps it to the song. */
  seek(positionMs: number): Promise<Event> { return this.#play(Playback_Action.SEEK, positionMs); }

  #play(action: Playback_Action, positionMs?: number): Promise<Event> {
    const position = positionMs === undefined ? {} : { position: durationFromMs(Math.max(0, Math.round(positionMs))) };
    return this.do({ case: "playback", value: create(PlaybackSchema, { action, ...position }) });
  }

  /** react cheers at a singer, 1 to 20 times at once. It is sent at most once; false: there is no connection just now. Throws Invalid. */
  react(singerMemberId: string, kind: Reaction_Kind, count = 1): boolean {
    if (!Number.isInteger(count) || count < 1 || count > 20) {
      throw new Invalid("count", `is ${count}; 1 to 20 are allowed`);
    }
    return this.#runner.once({ case: "reaction", value: create(ReactionSchema, { singerMemberId, kind, count }) });
  }

  /** signal relays a WebRTC message of at most 12 KiB to one member, at most once; false: there is no connection just now. Throws Invalid. */
  signal(toMemberId: string, kind: Signal_Kind, payload: string): boolean {
    return this.#runner.once({ case: "signal", value: create(SignalSchema, { toMemberId, kind, payload }) });
  }

  /** renew hands in a fresh token of the same user. A Client with an identity does it by itself. */
  renew(token: string): Promise<Event> { return this.#runner.renew(token); }

  /** reportSkew says by how many ms what is heard here is ahead of the song, for the operator; undefined: nothing is heard. */
  reportSkew(ms: number | undefined): void { this.#runner.skewed(ms); }

  /**
   * leave gives the seat up and ends the Room. If its answer is lost with the connection it isn't repeated: it fails with Unknown, and the Room
   * ends all the same.
   */
  async leave(): Promise<void> {
    const ended = new Promise<void>((resolve) => {
      const off = this.on("end", () => {
        off();
        resolve();
      });
    });
    await this.do({ case: "leave", value: create(LeaveSchema) });
    await ended;
  }

  /**
   * takeOver comes back by a person's act after the Room has ended, above all where another tab or device has this person's place: it
   * takes the place over, as another instance. While the Room lives it does nothing.
   */
  takeOver(): void {
    if (this.connection.phase === "ended") {
      this.#begin("take-over");
    }
  }

  /** retry makes the next try now instead of at connection.retryAt, if the server allows it already. */
  retry(): void { this.#runner.woken(); }

  /** close goes without leaving: the member becomes AWAY, and may come back by another Room. */
  close(): void {
    this.#runner.close();
  }
}
