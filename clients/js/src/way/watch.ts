import { toBinary } from "@bufbuild/protobuf";
import { durationFromMs } from "@bufbuild/protobuf/wkt";
import { Code, ConnectError, createClient, type Client, type Transport } from "@connectrpc/connect";
import { wayFailed } from "../transport/index.js";
import { JoinRequestSchema, RoomService, type Hello, type JoinRequest, type WatchResponse } from "../protocol.js";
import { Silence, type Link, type Linker } from "./way.js";
import { Outbox } from "./outbox.js";

/** How many commands a Send has at most, and about how many bytes: one that is larger goes alone. */
const sendCommands = 64;
const sendBytes = 16 << 10;
/** How long a Send may take. The server waits 2 s for its commands to be taken. */
const sendTimeoutMs = 7_000;
/** Commands that weren't taken go again after pauses that grow from the least to the most. */
const leastPauseMs = 50;
const mostPauseMs = 1_000;
/** How long a Watch may take to tell its end after a Send has met it. */
const lastWordsMs = 2_000;
/** pingIntervalMs is promised in Hello: each sign of life of the Watch, which come as often, is answered with a Ping. */
const pingIntervalMs = 3_000;

/** WatchLinker opens a Watch for each link, and hands what is sent to one Send after the other. */
export class WatchLinker implements Linker {
  readonly #client: Client<typeof RoomService>;

  constructor(transport: Transport) {
    this.#client = createClient(RoomService, transport);
  }

  open(hello: Hello, signal: AbortSignal): Link {
    hello.pingInterval = durationFromMs(pingIntervalMs);
    const sender = new Sender(this.#client, signal);
    const watch = this.#client.watch({ hello }, { signal: sender.signal });
    return {
      way: { kind: "fetch" },
      send: (message) => { sender.outbox.push(message); },
      responses: sender.follow(watch),
    };
  }
}

/** Sender is the half of a link that sends. */
class Sender {
  readonly #client: Client<typeof RoomService>;
  readonly #end = new AbortController();
  readonly signal: AbortSignal;
  readonly outbox: Outbox<JoinRequest>;

  constructor(client: Client<typeof RoomService>, outer: AbortSignal) {
    this.#client = client;
    this.signal = AbortSignal.any([outer, this.#end.signal]);
    this.outbox = new Outbox(this.signal);
  }

  /** follow passes the responses on, and lets the Sends begin with the Welcome. A Send that fails ends them with its error. */
  async *follow(watch: AsyncIterable<WatchResponse>): AsyncGenerator<WatchResponse, undefined> {
    let begun = false;
    try {
      for await (const response of watch) {
        for (const { body } of begun ? [] : response.events) {
          if (body.case === "welcome") {
            begun = true;
            void this.#sendLoop(body.value.connectionId);
          }
        }
        yield response;
      }
    } catch (error) {
      throw this.#end.signal.aborted ? this.#end.signal.reason : error;
    } finally {
      this.#end.abort();
    }
    return undefined;
  }

  /** sendLoop sends what is in the outbox, one Send after the other, until the link ends or a Send fails. */
  async #sendLoop(connectionId: Uint8Array): Promise<void> {
    let waiting: JoinRequest[] = [];
    let pause = leastPauseMs;
    for (let send = 1n; waiting.length > 0 || await this.outbox.ready(); send++) {
      waiting.push(...this.outbox.take(sendCommands - waiting.length));
      const commands = fitting(waiting);
      let taken: number;
      try {
        ({ taken } = await this.#client.send({ connectionId, send, commands }, { signal: this.signal, timeoutMs: sendTimeoutMs }));
      } catch (error) {
        await this.#failed(error);
        return;
      }
      waiting = waiting.slice(taken);
      pause = taken > 0 ? leastPauseMs : pause;
      if (taken < commands.length) {
        await wait(pause, this.signal);
        pause = Math.min(2 * pause, mostPauseMs);
      }
      if (this.signal.aborted) {
        return;
      }
    }
  }

  /** failed ends the link for a Send that failed. One that found the connection ended lets the Watch say why, which is on its way. */
  async #failed(error: unknown): Promise<void> {
    const told = ConnectError.from(error);
    if (told.code === Code.NotFound && !wayFailed(told)) {
      await wait(lastWordsMs, this.signal);
    }
    this.#end.abort(told.code === Code.DeadlineExceeded ? new Silence(`a Send wasn't answered within ${sendTimeoutMs} ms`) : told);
  }
}

/** fitting is how many of the commands go into one Send; at least one does. */
function fitting(commands: JoinRequest[]): JoinRequest[] {
  let bytes = 0;
  const end = commands.findIndex((command, at) => (bytes += toBinary(JoinRequestSchema, command).length) > sendBytes && at > 0);
  return end < 0 ? commands : commands.slice(0, end);
}

/** wait returns after so long, or when the signal ends. */
function wait(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      clearTimeout(timer);
      signal.removeEventListener("abort", done);
      resolve();
    };
    const timer = setTimeout(done, ms);
    signal.addEventListener("abort", done);
    if (signal.aborted) {
      done();
    }
  });
}
