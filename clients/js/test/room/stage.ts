import { create } from "@bufbuild/protobuf";
import { Code, ConnectError, createRouterTransport, type Transport } from "@connectrpc/connect";
import { afterEach, beforeEach, vi } from "vitest";
import {
  Client, EventSchema, JoinResponseSchema, Role, RoomService, WatchResponseSchema, memoryStorage, timestampOf, type ClientOptions, type Event, type Hello, type JoinOptions, type JoinRequest,
  type JoinResponse, type Room, type WatchResponse,
} from "../../src/index.js";
import { failed } from "../../src/transport/failure.js";
import { mapErrors } from "../../src/transport/map_errors.js";
import { again, first, resumed } from "../events.js";

/** Line is one connection, as the server sees it. */
export class Line {
  readonly #down: (JoinResponse | { readonly error: ConnectError | undefined })[] = [];
  #wake: () => void = () => undefined;
  /** What came after the Hello, but Pings. */
  readonly requests: JoinRequest[] = [];
  readonly pings: JoinRequest[] = [];
  readonly began = Date.now();
  /** Whether Pings are answered. */
  alive = true;

  constructor(readonly hello: Hello, readonly kind: "join" | "watch") {}

  say(...events: Event[]): this {
    this.#down.push(create(JoinResponseSchema, { events }));
    this.#wake();
    return this;
  }

  /** end ends it: normally, or with an error. */
  end(error?: ConnectError): void {
    this.#down.push({ error });
    this.#wake();
  }

  take(request: JoinRequest): void {
    if (request.command.case !== "ping") {
      this.requests.push(request);
      return;
    }
    this.pings.push(request);
    if (this.alive) {
      const { id } = request.command.value;
      this.say(create(EventSchema, { body: { case: "pong", value: { id, receivedTime: timestampOf(Date.now()), sentTime: timestampOf(Date.now()) } } }));
    }
  }

  async *responses(): AsyncGenerator<JoinResponse> {
    for (;;) {
      const next = this.#down.shift();
      if (next === undefined) {
        await new Promise<void>((resolve) => { this.#wake = resolve; });
      } else if ("events" in next) {
        yield next;
      } else if (next.error === undefined) {
        return;
      } else {
        throw next.error;
      }
    }
  }
}

/** Stage is a server in memory, that does with each connection what a test says. */
export class Stage {
  readonly lines: Line[] = [];
  readonly transport: Transport;
  /** What is done with a new connection. By default it is welcomed: as new, then as a membership that goes on. */
  onLine: (line: Line, at: number) => void = (line) => { this.welcome(line); };
  /** The numbers of the Sends there were, what each does first, and how many commands it takes at most. */
  readonly sendNumbers: number[] = [];
  onSend: () => void = () => undefined;
  take = 64;
  seq = 3;

  constructor() {
    this.transport = failing(createRouterTransport(({ service }) => {
      service(RoomService, {
        join: (requests) => this.#join(requests),
        watch: (request) => watched(this.#open(request.hello, "watch").responses()),
        send: ({ commands, send }) => {
          this.sendNumbers.push(Number(send));
          this.onSend();
          const taken = commands.slice(0, this.take);
          taken.forEach((command) => { this.line.take(command); });
          return { taken: taken.length };
        },
      });
    }));
  }

  /** The newest connection. */
  get line(): Line {
    const line = this.lines.at(-1);
    if (line === undefined) {
      throw new Error("nobody has connected");
    }
    return line;
  }

  #open(hello: Hello | undefined, kind: Line["kind"]): Line {
    if (hello === undefined) {
      throw new ConnectError("no Hello", Code.InvalidArgument);
    }
    const line = new Line(hello, kind);
    this.lines.push(line);
    this.onLine(line, this.lines.length - 1);
    return line;
  }

  async *#join(requests: AsyncIterable<JoinRequest>): AsyncGenerator<JoinResponse> {
    const iterator = requests[Symbol.asyncIterator]();
    const { value } = await iterator.next() as { value: JoinRequest };
    const line = this.#open(value.command.case === "hello" ? value.command.value : undefined, "join");
    void (async () => {
      for (let next = await iterator.next(); next.done !== true; next = await iterator.next()) {
        line.take(next.value);
      }
    })().catch(() => undefined);
    yield* line.responses();
  }

  welcome(line: Line): void {
    line.say(line.hello.resume === undefined ? first(this.seq) : again(this.seq, 0, { kind: resumed, events: 0 }));
  }

  /** join makes a Room on this stage that has begun to connect. */
  async join(options: Partial<JoinOptions> = {}, client: Partial<ClientOptions> = {}): Promise<Room> {
    const room = new Client({ baseUrl: "http://stage", transport: this.transport, storage: memoryStorage(), ...client })
      .join({ roomId: "friday", nickname: "Mina", role: Role.SINGER, ...options });
    await pass(0);
    return room;
  }
}

/** failing makes failures of a way, which no server can say, of those that a test puts into the server's mouth. */
function failing(transport: Transport): Transport {
  return mapErrors(transport, (error) => {
    const way = error instanceof ConnectError ? /^(websocket|fetch): (.*)$/.exec(error.rawMessage) : null;
    return way === null ? error : failed(way[1] as "websocket" | "fetch", way[2] ?? "");
  });
}

async function* watched(responses: AsyncIterable<JoinResponse>): AsyncGenerator<WatchResponse> {
  for await (const { events } of responses) {
    yield create(WatchResponseSchema, { events });
  }
}

/** pass lets time pass, and everything that follows from it happen. */
export async function pass(ms: number): Promise<void> {
  await vi.advanceTimersByTimeAsync(ms);
  for (let i = 0; i < 20; i++) {
    await vi.advanceTimersByTimeAsync(0);
  }
}

/** fakeTime makes time pass only by pass, in every test of a file. */
export function fakeTime(): void {
  beforeEach(() => { vi.useFakeTimers({ now: 1_800_000_000_000 }); });
  afterEach(() => { vi.useRealTimers(); });
}
