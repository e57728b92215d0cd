import { clone, create } from "@bufbuild/protobuf";
import {
  HelloSchema, JoinRequestSchema, Recovery_Kind, Rejected_Reason, ResumeSchema,
  type Event, type Goaway, type Hello, type JoinRequest, type Resume, type Welcome,
} from "../protocol.js";
import { isNumbered, leaves, outcomeOf, type Command, type Outcome, type Result } from "./command.js";

/** How many commands may be on the wire without an answer. */
export const maxUnanswered = 64;

/** Phase is where a Session is. lost leads back to idle from all but ended. */
export type Phase =
  /** There is no connection. */
  | "idle"
  /** Hello was made, Welcome hasn't come. */
  | "greeting"
  /** Welcome has come, events of a RESUMED are still to come. */
  | "replaying"
  /** All is live. */
  | "joined"
  /** The server has said a Goaway that isn't final. */
  | "parting"
  /** Nothing will happen any more. */
  | "ended";

/** End is why a Session has ended: Leave was answered; it was on the wire when the connection was lost; a final Goaway; close. */
export type SessionEnd = "left" | "leave-unknown" | "refused" | "closed";

/** Kind is what a received event is to the application. */
export type Kind =
  /** A Welcome; its state replaces what was known. */
  | "welcome"
  /** A kept event from before the Welcome's state, of which it is part already. */
  | "replayed"
  /** A kept event, to be applied to the state. */
  | "live"
  /** Said to this connection alone, or cheers; not part of the room's state. */
  | "aside";

/** ProtocolError: the server sent what it never may. The event had no effect; the connection must be ended, then lost. */
export class ProtocolError extends Error {
  override readonly name = "ProtocolError";
}

/** SessionConfig is what a Session is made from. */
export interface SessionConfig {
  /**
   * Who wants in where. Its instance is required, 1 to 64 bytes, random, and used for no other Session; attempt, takeOver and resume
   * are filled by the Session. It isn't changed.
   */
  readonly hello: Hello;
  /** A person asked for this, so Hello says take_over until the first Welcome. Default false. */
  readonly takeOver?: boolean;
  /** Where an earlier session stopped; none: nowhere. */
  readonly resume?: Resume | undefined;
  /** Unanswered commands on the wire at most, 1 to 64; default 64. Welcome.limits may lower it. */
  readonly unanswered?: number;
}

/**
 * Session decides what a client of a room sends, numbers, repeats and reports, whatever happens to its connections. It is pure: no clock, no
 * I/O, no timers, so the same inputs give the same outputs. Its caller queues commands, hands in what a connection brings, sends what
 * next gives, and takes the results. It is the Go SDK's `session` in TypeScript, and holds the same invariants:
 *
 * - Every command queued gets exactly one result; the result never turns out untrue.
 * - Commands on the wire of one connection have rising numbers in steps of one from Welcome.last_number + 1, or, once a NOT_TAKEN was
 *   followed by the answers to all others, from its next_number.
 * - Commands are sent in the order they were queued, those to be repeated before those that never were sent.
 * - No numbered command is sent before a Welcome and the end of its replay, nor after a Goaway.
 * - A command is repeated only if this membership saw the server say that it wasn't decided.
 * - resume never names an event that wasn't received, and none received is after it.
 */
export class Session {
  #hello: Hello;
  readonly #takeOver: boolean;
  readonly #limit: number;

  #phase: Phase = "idle";
  #end: SessionEnd | undefined;
  #goaway: Goaway | undefined;
  #attempt = 0n;
  #welcomed = false;
  #since = { epoch: 0n, seq: 0n }; // of the former Welcome
  #resume: { epoch: bigint; lastSeq: bigint } | undefined;

  // Of the connection.
  #welcome: Welcome | undefined; // the last one
  #replayLeft = 0;
  #next = 0n; // number of the next command
  #window: number;
  #draining = false; // a NOT_TAKEN has come, and not all others' answers

  #commands: Command[] = []; // in the order queued: those on this connection's wire, those to be repeated, those never sent
  #lastID = 0;
  #results: Result[] = [];

  /** Throws RangeError that names the field. */
  constructor(config: SessionConfig) {
    const bytes = new TextEncoder().encode(config.hello.instance).length;
    if (bytes < 1 || bytes > 64) {
      throw new RangeError(`hello.instance has ${bytes} bytes, 1 to 64 are needed`);
    }
    const unanswered = config.unanswered ?? maxUnanswered;
    if (!Number.isInteger(unanswered) || unanswered < 1 || unanswered > maxUnanswered) {
      throw new RangeError(`unanswered is ${unanswered}, 1 to ${maxUnanswered} are allowed`);
    }
    this.#hello = config.hello;
    this.#takeOver = config.takeOver ?? false;
    this.#limit = this.#window = unanswered;
    if (config.resume !== undefined) {
      this.#resume = { epoch: config.resume.epoch, lastSeq: config.resume.lastSeq };
    }
  }

  /** Where it is. */
  get phase(): Phase { return this.#phase; }
  /** Why it has ended; undefined: it hasn't. */
  get end(): SessionEnd | undefined { return this.#end; }
  /** What the server said last on this or the last connection. */
  get goaway(): Goaway | undefined { return this.#goaway; }
  /** How often connect was called. */
  get attempt(): bigint { return this.#attempt; }
  /** The last Welcome received. */
  get welcome(): Welcome | undefined { return this.#welcome; }
  /** The guest key in use: that of the Hello, or the one the server made; empty: a token, or none yet. */
  get guestKey(): Uint8Array { return this.#hello.guestKey; }
  /** What the next Hello shows as its token; empty: nothing. */
  get token(): string { return this.#hello.token; }
  /** How many commands are on this connection's wire. */
  get unanswered(): number { return this.#underWay(); }
  /** How many commands are to be sent, for the first time or again. */
  get waiting(): number { return this.#commands.length - this.#underWay(); }

  /** The newest event received; undefined: none. */
  get resume(): Resume | undefined {
    return this.#resume && create(ResumeSchema, this.#resume);
  }

  /** renew uses a fresh token in each later Hello. */
  renew(token: string): void {
    this.#hello = clone(HelloSchema, this.#hello);
    this.#hello.token = token;
  }

  /**
   * queue takes a command to be sent in its turn, and gives its id. The number it comes with is ignored; it mustn't be changed afterwards.
   * Undefined: nothing can be queued any more, since a Leave is, or the session has ended. Throws TypeError for what has no number.
   */
  queue(request: JoinRequest): number | undefined {
    if (!isNumbered(request)) {
      throw new TypeError(`${request.command.case ?? "nothing"} is not a command with a number`);
    }
    const last = this.#commands.at(-1);
    if (this.#phase === "ended" || (last !== undefined && leaves(last))) {
      return undefined;
    }
    this.#commands.push({ id: ++this.#lastID, request, number: 0n, attempt: 0n });
    return this.#lastID;
  }

  /** withdraw takes a command back that was never sent: it gets no result then. False: it was sent, or has a result. */
  withdraw(id: number): boolean {
    const at = this.#commands.findIndex((command) => command.id === id);
    if (at < 0 || this.#commands[at]?.number !== 0n) {
      return false;
    }
    this.#commands.splice(at, 1);
    return true;
  }

  /** isSent tells whether a command without a result was ever sent. */
  isSent(id: number): boolean {
    return this.#commands.some((command) => command.id === id && command.number !== 0n);
  }

  /** next is the message to send now; undefined: none. A message given counts as sent. */
  next(): JoinRequest | undefined {
    const under = this.#underWay();
    const command = this.#commands[under];
    if (this.#phase !== "joined" || command === undefined || under >= this.#window || (this.#draining && under > 0)) {
      return undefined;
    }
    this.#draining = false;
    command.number = this.#next++;
    command.attempt = this.#attempt;
    return create(JoinRequestSchema, { number: command.number, lastSeq: this.#lastSeq, command: command.request.command });
  }

  /** once makes the message of a command without a number; undefined: there is no connection to send it on. Hello isn't one. */
  once(command: JoinRequest["command"]): JoinRequest | undefined {
    const welcomed = this.#phase === "replaying" || this.#phase === "joined";
    if (!welcomed && !(command.case === "ping" && this.#phase === "greeting")) {
      return undefined;
    }
    return create(JoinRequestSchema, { lastSeq: this.#lastSeq, command });
  }

  /** takeResults gives the results since the last call, in the order they became known. */
  takeResults(): Result[] {
    const results = this.#results;
    this.#results = [];
    return results;
  }

  /**
   * connect begins a new attempt, which ends any connection before it, and gives the Hello to send on it. Undefined: the session has ended,
   * also when ending that connection does it, since a Leave was on its wire.
   */
  connect(): Hello | undefined {
    this.lost();
    if (this.#isEnded()) {
      return undefined;
    }
    this.#attempt++;
    this.#phase = "greeting";
    this.#goaway = undefined;
    const hello = clone(HelloSchema, this.#hello);
    hello.attempt = this.#attempt;
    hello.takeOver = this.#takeOver && !this.#welcomed;
    const resume = this.resume;
    if (resume !== undefined) {
      hello.resume = resume;
    }
    return hello;
  }

  /**
   * lost says that there is no connection any more. With a Leave on its wire the session ends: a Leave isn't repeated, and nobody who is
   * leaving comes back by themselves.
   */
  lost(): void {
    if (this.#phase === "idle" || this.#phase === "ended") {
      return;
    }
    if (this.#commands.some((command) => leaves(command) && command.number !== 0n)) {
      this.#finish("leave-unknown");
      return;
    }
    this.#phase = "idle";
    this.#draining = false;
    this.#replayLeft = 0;
  }

  /** close ends the session without leaving the room. */
  close(): void {
    this.#finish("closed");
  }

  /** receive takes the next event of the connection. Throws ProtocolError. */
  receive(event: Event): Kind {
    if (this.#phase === "ended" || this.#phase === "idle") {
      throw new ProtocolError(`an event in phase ${this.#phase}`);
    }
    switch (event.body.case) {
      case "welcome":
        this.#receiveWelcome(event.body.value);
        return "welcome";
      case "goaway":
        this.#receiveGoaway(event.body.value);
        return "aside";
    }
    if (event.seq === 0n) {
      this.#receiveAside(event);
      return "aside";
    }
    if (this.#phase === "replaying") {
      this.#receiveReplayed(event);
      return "replayed";
    }
    this.#receiveLive(event);
    return "live";
  }

  get #lastSeq(): bigint { return this.#resume?.lastSeq ?? 0n; }

  #isEnded(): boolean { return this.#phase === "ended"; }

  /** underWay counts the commands on this connection's wire: the first ones of the list. */
  #underWay(): number {
    const at = this.#commands.findIndex((command) => !this.#onWire(command));
    return at < 0 ? this.#commands.length : at;
  }

  #onWire(command: Command): boolean {
    return command.number !== 0n && command.attempt === this.#attempt && this.#phase !== "idle";
  }

  #receiveWelcome(welcome: Welcome): void {
    const resumed = welcome.recovery?.kind === Recovery_Kind.RESUMED;
    if (this.#phase !== "greeting") {
      throw new ProtocolError(`a Welcome in phase ${this.#phase}`);
    }
    if (welcome.self === undefined || welcome.room === undefined) {
      throw new ProtocolError("a Welcome without self or room");
    }
    if (resumed && (this.#resume === undefined || welcome.snapshotSeq < this.#resume.lastSeq)) {
      throw new ProtocolError(`RESUMED up to ${welcome.snapshotSeq} from ${this.#lastSeq}`);
    }
    this.#carryOver(welcome);
    this.#welcome = welcome;
    this.#welcomed = true;
    this.#since = sinceOf(welcome);
    this.#next = welcome.lastNumber + 1n;
    this.#draining = false;
    this.#window = Math.min(welcome.limits?.unansweredCommands || this.#limit, this.#limit);
    if (welcome.guestKey.length > 0) {
      this.#hello = clone(HelloSchema, this.#hello);
      this.#hello.guestKey = welcome.guestKey;
    }
    this.#phase = "replaying";
    this.#replayLeft = resumed ? (welcome.recovery?.events ?? 0) : 0;
    if (this.#replayLeft === 0) {
      this.#goLive(welcome);
    }
  }

  /**
   * carryOver decides whether commands of earlier connections may be repeated: only if the membership is the same and the room remembers
   * this instance. Otherwise nothing is known of what was sent.
   */
  #carryOver(welcome: Welcome): void {
    const { epoch, seq } = sinceOf(welcome);
    if (this.#welcomed && welcome.instanceKnown && this.#since.epoch === epoch && this.#since.seq === seq) {
      return;
    }
    this.#concludeAll((command) => command.number === 0n ? undefined : "unknown");
  }

  /** goLive ends the replay. What was decided and isn't answered by now was answered among events that didn't come. */
  #goLive(welcome: Welcome): void {
    this.#phase = "joined";
    this.#resume = { epoch: welcome.epoch, lastSeq: welcome.snapshotSeq };
    this.#concludeAll((command) => command.number !== 0n && command.number <= welcome.lastNumber ? "unseen" : undefined);
  }

  #receiveReplayed(event: Event): void {
    const welcome = this.#welcome;
    if (welcome === undefined || event.seq <= this.#lastSeq || event.seq > welcome.snapshotSeq) {
      throw new ProtocolError(`seq ${event.seq} in a replay of ${this.#lastSeq} to ${welcome?.snapshotSeq ?? 0n} with ${this.#replayLeft} to come`);
    }
    this.#moveTo(event);
    this.#answer(event, (command) => command.number <= welcome.lastNumber);
    if (--this.#replayLeft === 0 && this.#phase === "replaying") {
      this.#goLive(welcome);
    }
  }

  #receiveLive(event: Event): void {
    if (this.#phase !== "joined" || event.seq <= this.#lastSeq) {
      throw new ProtocolError(`live seq ${event.seq} after ${this.#lastSeq} in phase ${this.#phase}`);
    }
    this.#moveTo(event);
    this.#answer(event, (command) => this.#onWire(command));
  }

  /** moveTo makes a kept event the newest one received. */
  #moveTo(event: Event): void {
    const epoch = event.body.case === "roomOpened" ? event.body.value.epoch : this.#resume?.epoch ?? 0n;
    this.#resume = { epoch, lastSeq: event.seq };
  }

  #receiveAside(event: Event): void {
    const rejected = event.body.case === "rejected" ? event.body.value : undefined;
    const notTaken = rejected?.reason === Rejected_Reason.NOT_TAKEN;
    const next = rejected?.nextNumber ?? 0n;
    if (event.number !== 0n && notTaken && next === 0n) {
      throw new ProtocolError(`NOT_TAKEN of number ${event.number} without next_number`);
    }
    if (this.#answer(event, (command) => this.#onWire(command)) && notTaken && this.#phase === "joined") {
      this.#draining = true;
      this.#next = next;
    }
  }

  #receiveGoaway(goaway: Goaway): void {
    this.#goaway = goaway;
    if (goaway.final) {
      this.#finish("refused");
    } else {
      this.#phase = "parting";
    }
  }

  /** answer concludes the command that an event answers, if there is one among those that may be. An answered Leave ends the session. */
  #answer(event: Event, may: (command: Command) => boolean): boolean {
    if (event.number === 0n) {
      return false;
    }
    const at = this.#commands.findIndex((command) => command.number === event.number && may(command));
    const command = this.#commands[at];
    if (command === undefined) {
      return false;
    }
    this.#commands.splice(at, 1);
    const outcome = outcomeOf(event);
    this.#results.push({ id: command.id, outcome, event: outcome === "unseen" ? undefined : event });
    if (leaves(command) && outcome !== "rejected") {
      this.#finish("left");
    }
    return true;
  }

  /** finish ends the session: what was sent is unknown, the rest never will be sent. */
  #finish(end: SessionEnd): void {
    if (this.#phase === "ended") {
      return;
    }
    this.#phase = "ended";
    this.#end = end;
    this.#concludeAll((command) => command.number === 0n ? "not-sent" : "unknown");
  }

  /** concludeAll gives every command a result that isn't undefined, and keeps the others. */
  #concludeAll(outcome: (command: Command) => Outcome | undefined): void {
    this.#commands = this.#commands.filter((command) => {
      const concluded = outcome(command);
      if (concluded !== undefined) {
        this.#results.push({ id: command.id, outcome: concluded });
      }
      return concluded === undefined;
    });
  }
}

function sinceOf(welcome: Welcome): { epoch: bigint; seq: bigint } {
  return { epoch: welcome.memberSince?.epoch ?? 0n, seq: welcome.memberSince?.seq ?? 0n };
}
