import { create } from "@bufbuild/protobuf";
import { durationFromMs, durationMs } from "@bufbuild/protobuf/wkt";
import { Code, ConnectError } from "@connectrpc/connect";
import { RenewSchema, type Event, type Hello, type JoinRequest, type Limits, type Resume } from "../protocol.js";
import { Invalid, NotSent, Unknown } from "../errors.js";
import type { Place } from "../identity/tabs.js";
import { isNumbered } from "../session/command.js";
import { Session, type Kind } from "../session/session.js";
import { apply } from "../state/apply.js";
import { State } from "../state/state.js";
import type { TimeSource } from "../time.js";
import type { Linker } from "../way/way.js";
import { Backoff } from "./backoff.js";
import { checked } from "./checked.js";
import { Clock } from "./clock.js";
import { Connection, Farewell, Woken } from "./connection.js";
import type { ConnectionState, End } from "./connection_state.js";
import { NoToken, endOf, endText, errorOf, refusedForGood } from "./ending.js";
import { Pause } from "./pause.js";
import { Pending, type PendingCommand } from "./pending.js";
import type { Saver } from "./saver.js";
import type { SignIn } from "./sign_in.js";

/** How long a connection must have been of use for the next loss to count as the first one, in ms. */
const settledMs = 5_000;
/** How long a reported skew goes with the Pings, in ms. */
const skewMs = 60_000;

/** How a life begins: by asking other tabs first, by a person's word, or without taking over from anybody. */
export type Beginning = "ask" | "take-over" | "humble";

/** RunnerConfig is what a Runner lives from. */
export interface RunnerConfig {
  /** How the first life begins. */
  readonly begin: Beginning;
  /** Who wants in where; its instance is filled in. */
  readonly hello: Hello;
  readonly resume: Resume | undefined;
  readonly linker: Linker;
  readonly place: Place;
  readonly saver: Saver | undefined;
  readonly signIn: SignIn;
  readonly time: TimeSource;
  readonly random: () => number;
  /** Told what happens: a state or the commands without an answer have changed, an event came, the connection stands otherwise. */
  readonly stateChanged: () => void;
  readonly happened: (event: Event, kind: Kind) => void;
  readonly connectionChanged: () => void;
}

/**
 * Runner is the inside of a Room: it connects, and connects again, until the session ends; it keeps the state, and hands answers to whoever
 * waits for them. A life is one session: an instance of its own from its first Hello to its end. There is one at a time, and whatever comes late
 * from an earlier one is dropped.
 */
export class Runner {
  readonly #config: RunnerConfig;
  readonly #backoff: Backoff;
  readonly #pending = new Pending();
  readonly #pause = new Pause();
  readonly clock: Clock;
  #session: Session;
  #connection: Connection | undefined;
  #state = State.unknown;
  #standing: ConnectionState;
  #begun = false; // the first life
  #wokenInTry = false; // there was a wake-up since the newest try began, before its Welcome
  #skew: { ms: number; at: number } | undefined;

  constructor(config: RunnerConfig) {
    this.#config = config;
    this.#backoff = new Backoff(config.random);
    this.clock = new Clock(config.time);
    this.#session = this.#newSession(config.begin, config.resume);
    this.#standing = { phase: "connecting", since: config.time.wall(), attempt: 0 };
  }

  get state(): State { return this.#state; }
  get connection(): ConnectionState { return this.#standing; }
  get pending(): readonly PendingCommand[] { return this.#pending.list((id) => this.#session.isSent(id)); }
  get limits(): Limits | undefined { return this.#session.welcome?.limits; }

  /** begin begins a life: the first one, in which commands may wait already, or another after the one before has ended. */
  begin(how: Beginning): void {
    if (this.#begun) {
      this.#session = this.#newSession(how, this.#session.resume);
    }
    this.#begun = true;
    this.#stand({ phase: "connecting", goaway: undefined, error: undefined, end: undefined });
    void this.#runLoop(this.#session, how);
  }

  #newSession(how: Beginning, resume: Resume | undefined): Session {
    const instance = Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, "0")).join("");
    return new Session({ hello: { ...this.#config.hello, instance }, takeOver: how !== "humble", resume });
  }

  /** runLoop makes one connection after the other, until there will be no other. */
  async #runLoop(session: Session, how: Beginning): Promise<void> {
    if (how === "ask" && !(await this.#config.place.ask()) && session.phase !== "ended") {
      this.#finish(session, "other-tab");
      return;
    }
    this.#config.place.take();
    let cause: unknown;
    do {
      cause = await this.#connect(session);
      session.lost();
      this.#deliver(session, endText(session, cause));
    } while (await this.#comesBack(session, cause));
    this.#finish(session, endOf(session, cause), cause);
  }

  /** connect makes one try, lives through what comes of it, and gives why it ended. */
  async #connect(session: Session): Promise<unknown> {
    const { time, signIn, linker } = this.#config;
    this.#backoff.tried(time.steady());
    this.#wokenInTry = false;
    this.#stand({ phase: "connecting", retryAt: undefined, attempt: this.#standing.attempt + 1 });
    try {
      await signIn.prepare(session, this.clock.now());
    } catch (error) {
      return new ConnectError("no token could be got", Code.Unavailable, undefined, undefined, error);
    }
    const hello = session.connect();
    if (hello === undefined) {
      return undefined;
    }
    const connection = new Connection({
      linker, session, time, clock: this.clock, ping: () => this.#ping(), take: (event, from) => { this.#take(session, event, from); },
    });
    this.#connection = connection;
    const cause = await connection.serve(hello);
    this.#connection = undefined;
    signIn.stop();
    if (connection.usefulMs >= settledMs || (cause instanceof Woken && connection.welcomed)) {
      this.#backoff.settled();
    } else if (connection.usefulMs > 0) {
      this.#backoff.brief();
    }
    return cause instanceof Farewell && !signIn.comesBack(cause.goaway, hello.token, session) ? new NoToken(cause) : cause;
  }

  /** comesBack waits for the next try; false: there is none. */
  async #comesBack(session: Session, cause: unknown): Promise<boolean> {
    if (session.phase === "ended" || cause instanceof NoToken || (this.#standing.phase === "connecting" && refusedForGood(cause))) {
      return false;
    }
    const { time } = this.#config;
    const goaway = cause instanceof Farewell ? cause.goaway : undefined;
    const retryAfter = goaway?.retryAfter ? durationMs(goaway.retryAfter) : 0;
    const now = time.steady();
    const hurries = cause instanceof Woken || (this.#wokenInTry && this.#standing.phase === "connecting");
    const next = hurries ? Math.max(now + retryAfter, this.#backoff.woken(now)) : this.#backoff.next(now, retryAfter);
    this.#stand({
      phase: "waiting", retryAt: time.wall() + next - now, goaway, error: goaway === undefined ? errorOf(cause) : undefined,
    });
    await this.#pause.until({ at: next, notBefore: now + retryAfter, now });
    return session.phase !== ("ended" as Session["phase"]);
  }

  /** take takes an event of a connection. Throws ProtocolError. */
  #take(session: Session, event: Event, connection: Connection): void {
    const kind = session.receive(event);
    const before = this.#state;
    if (event.body.case === "welcome") {
      this.#state = State.of(event.body.value);
      this.#stand({ phase: "live", recovery: event.body.value.recovery, goaway: undefined, error: undefined, way: connection.way }, true);
      this.#config.signIn.renew(session.token, () => this.clock.now(), (token) => this.renew(token));
    } else if (kind !== "replayed") {
      this.#state = apply(this.#state, event);
    }
    const answered = this.#deliver(session, "the room has ended", true);
    if (kind !== "aside") {
      this.#config.saver?.moved(session.resume);
    }
    if (answered || this.#state !== before) {
      this.#config.stateChanged();
    }
    if (kind === "welcome") {
      this.#config.connectionChanged();
    }
    this.#config.happened(event, kind);
  }

  /** deliver hands out the results there are, and tells unless it is quiet; whether there were any. */
  #deliver(session: Session, reason: string, quiet = false): boolean {
    const results = session.takeResults();
    for (const result of results) {
      this.#pending.settle(result, reason);
    }
    if (results.length > 0 && !quiet) {
      this.#config.stateChanged();
    }
    return results.length > 0;
  }

  /** finish ends a life. */
  #finish(session: Session, end: End, cause?: unknown): void {
    session.close();
    this.#deliver(session, endText(session, cause));
    this.#config.place.leave();
    this.#config.saver?.flush();
    const goaway = cause instanceof Farewell ? cause.goaway : undefined;
    this.#stand({ phase: "ended", end, goaway, error: goaway === undefined && end !== "left" && end !== "closed" ? errorOf(cause) : undefined, retryAt: undefined });
  }

  /** stand changes how the connection stands, and tells unless it is quiet. */
  #stand(change: Partial<ConnectionState>, quiet = false): void {
    const since = change.phase === this.#standing.phase ? this.#standing.since : this.#config.time.wall();
    this.#standing = { ...this.#standing, ...change, since };
    if (!quiet) {
      this.#config.connectionChanged();
    }
  }

  /** do queues a command, and waits for its answer; when the signal ends first, a command that was never sent is withdrawn. */
  async do(command: JoinRequest["command"], signal?: AbortSignal): Promise<Event> {
    const request = checked(command, this.limits);
    if (!isNumbered(request)) {
      throw new Invalid("command", `${command.case ?? "nothing"} has no answer`);
    }
    if (signal?.aborted === true) {
      throw new NotSent("given up before it was sent", { cause: signal.reason });
    }
    const session = this.#session;
    const id = session.queue(request);
    if (id === undefined) {
      throw new NotSent(session.phase === "ended" ? "the room has ended" : "the room is being left");
    }
    const answer = this.#pending.add({ id, command, since: this.#config.time.wall(), sent: false });
    const giveUp = (): void => { this.#giveUp(session, id, signal?.reason); };
    signal?.addEventListener("abort", giveUp, { once: true });
    this.#connection?.flush();
    this.#config.stateChanged();
    return answer.finally(() => { signal?.removeEventListener("abort", giveUp); });
  }

  #giveUp(session: Session, id: number, reason: unknown): void {
    const withdrawn = session.withdraw(id);
    this.#pending.drop(id, withdrawn ? new NotSent("given up before it was sent", { cause: reason }) : new Unknown(false));
    this.#config.stateChanged();
  }

  /** once sends a command at most once; false: there is no connection for it just now, and nothing was sent. */
  once(command: JoinRequest["command"]): boolean {
    checked(command, this.limits);
    const message = this.#session.once(command);
    if (message === undefined || this.#connection === undefined) {
      return false;
    }
    this.#connection.send(message);
    return true;
  }

  /** renew hands in a fresh token, which later Hellos show too. */
  async renew(token: string): Promise<Event> {
    const session = this.#session;
    const event = await this.do({ case: "renew", value: create(RenewSchema, { token }) });
    session.renew(token);
    return event;
  }

  #ping(): JoinRequest["command"] {
    const value = this.clock.ping();
    if (this.#skew !== undefined && this.#config.time.steady() - this.#skew.at < skewMs) {
      value.skew = durationFromMs(Math.round(this.#skew.ms));
    }
    return { case: "ping", value };
  }

  /** skewed notes by how far what is heard is ahead of the song; undefined: nothing is heard. */
  skewed(ms: number | undefined): void {
    this.#skew = ms === undefined ? undefined : { ms, at: this.#config.time.steady() };
  }

  /** woken makes sure soon that there is a connection: the one there is must answer, or the next try is made now, if the server allows it. */
  woken(): void {
    this.#connection?.probe();
    this.#wokenInTry ||= this.#standing.phase === "connecting";
    const now = this.#config.time.steady();
    const at = this.#pause.hurry(now, (at) => this.#backoff.woken(at));
    if (at !== undefined) {
      this.#stand({ retryAt: this.#config.time.wall() + at - now });
    }
  }

  /** close ends the life without leaving the room: the member becomes AWAY. */
  close(): void {
    this.#session.close();
    this.#pause.end();
    this.#connection?.end(new Error("closed"));
  }
}
