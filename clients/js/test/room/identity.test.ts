import { create } from "@bufbuild/protobuf";
import { Code, ConnectError } from "@connectrpc/connect";
import { expect, onTestFinished, test } from "vitest";
import { Client, EventSchema, Goaway_Reason, Invalid, Reaction_Kind, Role, memoryStorage, type Storage } from "../../src/index.js";
import { Place, answerMs, type Channel } from "../../src/identity/tabs.js";
import { first, said } from "../events.js";
import { Stage, fakeTime, pass } from "./stage.js";

fakeTime();

/** Air carries what tabs say to each other. */
class Air {
  readonly #channels = new Set<Channel>();

  open(): Channel {
    const channels = this.#channels;
    const channel: Channel = {
      onmessage: null,
      postMessage(message) {
        for (const other of channels) {
          if (other !== channel) {
            queueMicrotask(() => other.onmessage?.(new MessageEvent("message", { data: message })));
          }
        }
      },
      close() { channels.delete(channel); },
    };
    channels.add(channel);
    return channel;
  }

  /** How many channels are open. */
  get listeners(): number { return this.#channels.size; }
}

async function asked(place: Place): Promise<boolean> {
  const answer = place.ask();
  await pass(answerMs);
  return answer;
}

test("a place that another tab has isn't taken; one that was left is", async () => {
  const air = new Air();
  const first = new Place(() => air.open(), "friday", "a");
  const second = new Place(() => air.open(), "friday", "b");
  const elsewhere = new Place(() => air.open(), "saturday", "c");
  expect(await asked(first)).toBe(true);
  expect(await asked(second)).toBe(false);
  expect(await asked(elsewhere)).toBe(true);
  first.leave();
  expect(await asked(second)).toBe(true);
  second.leave();
  expect(await asked(first)).toBe(true);
});

test("of tabs that ask at the same moment one gets the place", async () => {
  const air = new Air();
  const places = ["c", "a", "b"].map((name) => new Place(() => air.open(), "friday", name));
  const answers = Promise.all(places.map((place) => place.ask()));
  await pass(answerMs);
  expect(await answers).toEqual([false, true, false]);
});

test("of tabs of which the second asks before the first has its answer one gets the place", async () => {
  for (const [earlier, later] of [["a", "b"], ["b", "a"]] as const) {
    const air = new Air();
    const places = [new Place(() => air.open(), "friday", earlier), new Place(() => air.open(), "friday", later)] as const;
    const one = places[0].ask();
    await pass(answerMs / 2);
    const two = places[1].ask();
    await pass(answerMs);
    expect([await one, await two]).toEqual([earlier === "a", later === "a"]);
  }
});

test("a tab that is frozen doesn't answer, and has no say", async () => {
  const air = new Air();
  const channel = air.open();
  const frozen = new Place(() => channel, "friday", "a");
  frozen.take();
  channel.onmessage = null;
  expect(await asked(new Place(() => air.open(), "friday", "b"))).toBe(true);
});

test("what others say on the channel is nothing to a place", async () => {
  const air = new Air();
  const stranger = air.open();
  const place = new Place(() => air.open(), "friday", "a");
  const answer = place.ask();
  for (const note of [null, 7, "here", {}, { kind: "here", place: "friday" }, { kind: "here", place: "friday", from: "z", to: "other" }]) {
    stranger.postMessage(note);
  }
  await pass(answerMs);
  expect(await answer).toBe(true);
});

/** inBrowser lets rooms find a document and each other's tabs; it gives the air between these. */
function inBrowser(): Air {
  const air = new Air();
  const before = { document: Object.getOwnPropertyDescriptor(globalThis, "document"), channel: globalThis.BroadcastChannel };
  Object.assign(globalThis, { document: Object.assign(new EventTarget(), { visibilityState: "visible" }) });
  globalThis.BroadcastChannel = function BroadcastChannel() { return air.open(); } as unknown as typeof BroadcastChannel;
  onTestFinished(() => {
    Reflect.deleteProperty(globalThis, "document");
    globalThis.BroadcastChannel = before.channel;
  });
  return air;
}

// workadventure#6484 and others: "duplicate tab" made two pages evict each other without end.
test("a duplicated tab says so, and takes over by a person's act; the other one stays quiet", async () => {
  inBrowser();
  const stage = new Stage();
  const storage = memoryStorage();
  const one = await stage.join({}, { storage });
  await pass(answerMs);
  expect(one.connection.phase).toBe("live");
  const two = await stage.join({}, { storage });
  await pass(answerMs);
  expect(two.connection).toMatchObject({ phase: "ended", end: "other-tab" });
  expect(stage.lines).toHaveLength(1);
  two.takeOver();
  await pass(0);
  expect(two.connection).toMatchObject({ phase: "live", end: undefined });
  expect(stage.line.hello.takeOver).toBe(true);
  expect(stage.line.hello.guestKey).toEqual(stage.lines[0]?.hello.guestKey);
  stage.lines[0]?.say(create(EventSchema, { body: { case: "goaway", value: { reason: Goaway_Reason.TAKEN_OVER, final: true } } })).end();
  await pass(60_000);
  expect(one.connection).toMatchObject({ phase: "ended", end: "refused" });
  expect(stage.lines).toHaveLength(2);
  const three = await stage.join({}, { storage });
  await pass(answerMs);
  expect(three.connection.end, "the one that took over has the place").toBe("other-tab");
  two.close();
});

test("a room listens to other tabs as long as it lives", async () => {
  const air = inBrowser();
  const stage = new Stage();
  const storage = memoryStorage();
  const one = await stage.join({}, { storage });
  const two = await stage.join({ takeOver: false }, { storage });
  await pass(answerMs);
  expect([one.connection.phase, two.connection.phase]).toEqual(["live", "live"]);
  expect(air.listeners).toBe(2);
  const three = await stage.join({}, { storage });
  await pass(answerMs);
  expect(three.connection.end).toBe("other-tab");
  expect(air.listeners).toBe(2);
  one.close();
  two.close();
  await pass(0);
  expect(air.listeners).toBe(0);
  three.takeOver();
  await pass(0);
  expect(three.connection.phase).toBe("live");
  expect(air.listeners).toBe(1);
  three.close();
  await pass(0);
  expect(air.listeners).toBe(0);
});

test("a big screen in the browser of a member asks nobody, and other people of the browser are others", async () => {
  inBrowser();
  const stage = new Stage();
  const storage = memoryStorage();
  const member = await stage.join({}, { storage });
  await pass(answerMs);
  const screen = await stage.join({ role: Role.OBSERVER, nickname: undefined }, { storage });
  const friend = await stage.join({ person: "friend" }, { storage });
  await pass(answerMs);
  expect([member, screen, friend].map((room) => room.connection.phase)).toEqual(["live", "live", "live"]);
  expect(stage.lines.map(({ hello }) => hello.resume)).toEqual([undefined, undefined, undefined]);
  expect(stage.lines[2]?.hello.guestKey).not.toEqual(stage.lines[0]?.hello.guestKey);
  [member, screen, friend].forEach((room) => { room.close(); });
});

test("a reload is the same person, as another instance that resumes where the page was left", async () => {
  const stage = new Stage();
  const storage = memoryStorage();
  const before = await stage.join({}, { storage });
  stage.line.say(said(9, 0, "x"));
  await pass(1_000);
  before.close();
  const after = await stage.join({}, { storage });
  const [old, young] = stage.lines.map(({ hello }) => hello);
  expect(young?.guestKey).toEqual(old?.guestKey);
  expect(young?.guestKey).toHaveLength(16);
  expect(young?.instance).not.toBe(old?.instance);
  expect(young).toMatchObject({ attempt: 1n, takeOver: true, resume: { epoch: 7n, lastSeq: 9n } });
  after.close();
});

test.each<[string, Storage]>([
  ["throws", { getItem: () => { throw new Error("forbidden"); }, setItem: () => { throw new Error("full"); } }],
  ["holds nonsense", { getItem: () => "Ünsinn 99999999999999999999999", setItem: () => undefined }],
])("a storage that %s costs nothing but the memory", async (_, storage) => {
  const stage = new Stage();
  const room = await stage.join({}, { storage });
  await pass(2_000);
  expect(room.connection.phase).toBe("live");
  expect(stage.line.hello.guestKey).toHaveLength(16);
  expect(stage.line.hello.resume).toBeUndefined();
  room.close();
});

function token(name: string, expiresInMs: number): string {
  const part = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString("base64url");
  return `${part({})}.${part({ sub: name, exp: (Date.now() + expiresInMs) / 1000 })}.x`;
}

test("a signed-in user shows a token, renews it in time, and gets another when it has expired", async () => {
  const stage = new Stage();
  let given = 0;
  const identity = { token: () => Promise.resolve(token(`t${++given}`, 120_000)) };
  const room = await stage.join({}, { identity });
  expect(stage.line.hello.guestKey).toHaveLength(0);
  expect(stage.line.hello.token).not.toBe("");
  await pass(91_000);
  expect(stage.line.requests.map(({ command }) => command.case)).toEqual(["renew"]);
  expect(given).toBe(2);
  stage.line.say(create(EventSchema, { seq: 4n, number: 1n, body: { case: "ack", value: {} } }));
  stage.seq = 4;
  await pass(0);
  stage.line.say(create(EventSchema, { body: { case: "goaway", value: { reason: Goaway_Reason.TOKEN_EXPIRED } } }))
    .end(new ConnectError("expired", Code.Unauthenticated));
  await pass(15_000);
  expect(room.connection.phase).toBe("live");
  expect(stage.line.hello.token, "the token that was handed in is another than the one that expired").not.toBe(stage.lines[0]?.hello.token);
  expect(given).toBe(2);
  room.close();
});

test("a token that can't be got is asked for again, more and more slowly", async () => {
  const stage = new Stage();
  let asks = 0;
  const identity = { token: () => ++asks < 3 ? Promise.reject(new Error("offline")) : Promise.resolve(token("t", 120_000)) };
  const room = await stage.join({}, { identity });
  expect(room.connection).toMatchObject({ phase: "waiting", error: { rawMessage: "no token could be got" } });
  await pass(10_000);
  expect(room.connection.phase).toBe("live");
  room.close();
});

test("arguments are checked, and the refusal names the field", () => {
  const join = (options: object) => () => new Client({ baseUrl: "http://x" }).join({ role: Role.WATCHER, nickname: "Mina", ...options });
  expect(() => new Client({ baseUrl: "ftp://x" })).toThrow("baseUrl: ");
  expect(() => new Client({ baseUrl: "/battle" })).toThrow("baseUrl: ");
  expect(() => new Client({ baseUrl: "http://x", namespace: "a b" })).toThrow("namespace: ");
  expect(join({})).toThrow("roomId: is empty, and so is title");
  expect(join({ roomId: "a b" })).toThrow('roomId: "a b" isn\'t an id');
  expect(join({ title: "가".repeat(101) })).toThrow("title: is 101 characters long, at most 100 are allowed");
  expect(join({ roomId: "friday", nickname: "" })).toThrow("nickname: is empty");
  expect(join({ roomId: "a b" })).toThrow(Invalid);
});

test("commands and cheers are checked before they are sent", async () => {
  const stage = new Stage();
  stage.onLine = () => undefined;
  const room = await stage.join();
  expect(room.react("s1", Reaction_Kind.CLAP), "no connection yet").toBe(false);
  stage.line.say(first(3));
  await pass(0);
  expect(room.react("s1", Reaction_Kind.CLAP, 3)).toBe(true);
  expect(() => room.react("s1", Reaction_Kind.CLAP, 21)).toThrow("count: is 21; 1 to 20 are allowed");
  await expect(room.say("x".repeat(17_000))).rejects.toThrow(/bytes long when encoded, at most 16384 are allowed/);
  await expect(room.do({ case: undefined })).rejects.toThrow("command: nothing has no answer");
  await pass(0);
  expect(stage.line.requests.map(({ command }) => command.case)).toEqual(["reaction"]);
  room.close();
});

test("where nothing can be kept, a guest is the same in all rooms of a Client", async () => {
  const forbidden = (): never => { throw new Error("forbidden"); };
  const stage = new Stage();
  const client = new Client({ baseUrl: "http://stage", transport: stage.transport, storage: { getItem: forbidden, setItem: forbidden } });
  const rooms = ["friday", "saturday"].map((roomId) => client.join({ roomId, nickname: "Mina", role: Role.SINGER }));
  await pass(500);
  const [one, other] = stage.lines.map(({ hello }) => hello.guestKey);
  expect(stage.lines).toHaveLength(2);
  expect(one).toHaveLength(16);
  expect(other).toEqual(one);
  for (const room of rooms) {
    room.close();
  }
});
