import { Code, ConnectError } from "@connectrpc/connect";
import type { Event, Goaway, Hello, JoinRequest } from "../protocol.js";
import type { Session } from "../session/session.js";
import type { TimeSource } from "../time.js";
import { Silence, type Link, type Linker, type Way } from "../way/way.js";
import type { Clock } from "./clock.js";

/** How long a try may take, to its Welcome, in ms. */
const welcomeTimeoutMs = 15_000;
/** How often a Ping goes out, in ms; after a Welcome they are quick, so that the clock is known soon: at least a few, and more while it isn't well known. */
const pingMs = 3_000;
const quickPings = 24;
const leastQuickPings = 4;
const quickPingMs = 125;
/** A connection on which nothing was heard for this long, though a Ping was sent, is lost; and how often that is looked at. */
const lostAfterMs = 8_000;
const watchMs = 500;
/** After a wake-up an answer must come within this time. */
const probeMs = 1_500;

/** Farewell is a connection that the server ended by a Goaway. */
export class Farewell extends Error {
  override readonly name = "Farewell";

  constructor(readonly goaway: Goaway) {
    super(goaway.message);
  }
}

/** Woken is a connection that was given up since it didn't answer after a wake-up: of the page, the machine or the network. */
export class Woken extends Error {
  override readonly name = "Woken";

  constructor() {
    super(`it didn't answer within ${probeMs} ms after a wake-up`);
  }
}

/** ConnectionConfig is what a connection lives from. */
export interface ConnectionConfig {
  readonly linker: Linker;
  readonly session: Session;
  readonly clock: Clock;
  readonly time: TimeSource;
  /** Hands an event to the Room. What it throws ends the connection. */
  readonly take: (event: Event, connection: Connection) => void;
  /** Makes the Ping that is sent next. */
  readonly ping: () => JoinRequest["command"];
}

/** Connection is one try to connect, and what comes of it. */
export class Connection {
  readonly #config: ConnectionConfig;
  readonly #abort = new AbortController();
  readonly #began: number;
  #link: Link | undefined;
  #welcomedAt: number | undefined;
  #heard = 0; // messages
  #pinged = false; // since the last message came
  #silence = 0; // ms in which this ran and nothing was heard
  #useful = false; // something that was sent after the Welcome was answered
  #pingTimer: ReturnType<typeof setTimeout> | undefined;
  #probeTimer: ReturnType<typeof setTimeout> | undefined;
  #quick = quickPings; // pings since they were to be quick

  constructor(config: ConnectionConfig) {
    this.#config = config;
    this.#began = config.time.steady();
  }

  /** How it travels; undefined before serve. */
  get way(): Way | undefined { return this.#link?.way; }
  /** Whether a Welcome has come. */
  get welcomed(): boolean { return this.#welcomedAt !== undefined; }
  /** How long ago the Welcome came, in ms, if the connection was of use both ways; else 0. */
  get usefulMs(): number {
    return this.#useful && this.#welcomedAt !== undefined ? this.#config.time.steady() - this.#welcomedAt : 0;
  }

  /** serve lives the connection through, and gives why it has ended. Nothing of it is left then. */
  async serve(hello: Hello): Promise<unknown> {
    const { signal } = this.#abort;
    const watch = setInterval(this.#watcher(), watchMs);
    this.#pingTimer = setTimeout(() => { this.#pingLoop(); }, pingMs);
    try {
      this.#link = this.#config.linker.open(hello, signal);
      for await (const response of this.#link.responses) {
        this.#hear();
        if (response.events.length === 0) {
          this.#sendPing();
        }
        for (const event of response.events) {
          this.#receive(event);
        }
      }
      return new ConnectError("the server ended the stream", Code.Unavailable);
    } catch (error) {
      return signal.aborted ? signal.reason as unknown : error;
    } finally {
      clearInterval(watch);
      clearTimeout(this.#pingTimer);
      clearTimeout(this.#probeTimer);
      this.#abort.abort(new Error("the connection has ended"));
    }
  }

  /** end ends the connection with a reason. It doesn't wait. */
  end(reason: Error): void {
    this.#abort.abort(reason);
  }

  /** send sends a message, if there is a link. */
  send(message: JoinRequest): void {
    this.#link?.send(message);
  }

  /** flush sends what the session has to send now. */
  flush(): void {
    for (let message = this.#config.session.next(); message !== undefined; message = this.#config.session.next()) {
      this.send(message);
    }
  }

  /** probe asks for a sign of life, and ends the connection if there is none soon. */
  probe(): void {
    if (this.#probeTimer !== undefined) {
      return;
    }
    const heard = this.#heard;
    this.#pingQuickly();
    this.#probeTimer = setTimeout(() => {
      this.#probeTimer = undefined;
      if (this.#heard === heard) {
        this.end(new Woken());
      }
    }, probeMs);
  }

  #hear(): void {
    this.#heard++;
    this.#pinged = false;
    this.#silence = 0;
  }

  #receive(event: Event): void {
    if (event.body.case === "pong") {
      this.#config.clock.pong(event.body.value);
      this.#useful = true;
      return;
    }
    if (event.body.case === "welcome") {
      this.#welcomedAt = this.#config.time.steady();
      this.#config.clock.restart(event.body.value);
    }
    this.#useful ||= event.number !== 0n;
    this.#config.take(event, this);
    if (event.body.case === "goaway") {
      throw new Farewell(event.body.value);
    }
    if (this.#config.session.phase === "ended") {
      throw new Error("the session has ended");
    }
    if (event.body.case === "welcome") {
      this.#pingQuickly();
    }
    this.flush();
  }

  #pingQuickly(): void {
    this.#quick = 0;
    this.#pingLoop();
  }

  /** pingLoop sends a Ping, and the next one in a while. */
  #pingLoop(): void {
    clearTimeout(this.#pingTimer);
    this.#sendPing();
    this.#quick++;
    const quick = this.#quick < (this.#config.clock.good ? leastQuickPings : quickPings);
    this.#pingTimer = setTimeout(() => { this.#pingLoop(); }, quick ? quickPingMs : pingMs);
  }

  #sendPing(): void {
    const message = this.#config.session.once(this.#config.ping());
    if (message !== undefined) {
      this.#pinged = true;
      this.send(message);
    }
  }

  /**
   * watcher ends the connection if nothing is heard for too long though a Ping was sent. A page that was frozen, or a machine that slept, counts
   * only the time in which it ran, and asks for a sign of life.
   */
  #watcher(): () => void {
    let last = this.#config.time.steady();
    return () => {
      const now = this.#config.time.steady();
      this.#silence += Math.min(now - last, 2 * watchMs);
      const stood = now - last > lostAfterMs;
      last = now;
      if (this.#config.clock.check() || stood) {
        this.probe();
      }
      if (!this.welcomed && now - this.#began >= welcomeTimeoutMs) {
        this.end(new Silence(`no Welcome within ${welcomeTimeoutMs} ms`));
      }
      if (this.welcomed && this.#pinged && this.#silence >= lostAfterMs) {
        this.end(new Silence(`nothing was heard for ${lostAfterMs} ms`));
      }
    };
  }
}
