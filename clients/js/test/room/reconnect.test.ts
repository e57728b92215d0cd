import { create } from "@bufbuild/protobuf";
import { durationFromMs } from "@bufbuild/protobuf/wkt";
import { Code, ConnectError } from "@connectrpc/connect";
import { expect, test } from "vitest";
import { Client, EventSchema, Goaway_Reason, NotSent, Recovery_Kind, Role, Unknown, type Event } from "../../src/index.js";
import { again, resumed, said, snapshot } from "../events.js";
import { Stage, fakeTime, pass, type Line } from "./stage.js";

fakeTime();

function goaway(reason: Goaway_Reason, more: { final?: boolean; retryAfterMs?: number } = {}): Event {
  const retryAfter = more.retryAfterMs === undefined ? {} : { retryAfter: durationFromMs(more.retryAfterMs) };
  return create(EventSchema, { body: { case: "goaway", value: { reason, final: more.final ?? false, message: "bye", ...retryAfter } } });
}

const texts = (line: Line): string[] =>
  line.requests.map(({ number, command }) => `${number}:${command.case === "chatMessage" ? command.value.text : command.case ?? ""}`);

test("what is said while the connection is lost goes out once, when it is back", async () => {
  const stage = new Stage();
  const room = await stage.join();
  expect(room.connection).toMatchObject({ phase: "live", attempt: 1, recovery: { kind: Recovery_Kind.NEW } });
  const one = room.say("one");
  await pass(0);
  stage.line.say(said(4, 1, "one"));
  await expect(one).resolves.toMatchObject({ seq: 4n });
  stage.seq = 4;
  stage.onLine = (line) => { line.say(again(4, 1, { kind: resumed, events: 0 })); };
  stage.line.end(new ConnectError("cut", Code.Unavailable));
  await pass(0);
  expect(room.connection.phase).toBe("waiting");
  const two = room.say("two");
  expect(room.pending.map(({ sent }) => sent)).toEqual([false]);
  await pass(15_000);
  expect(room.connection).toMatchObject({ phase: "live", attempt: 2, recovery: { kind: Recovery_Kind.RESUMED } });
  expect(stage.line.hello).toMatchObject({ attempt: 2n, takeOver: false, resume: { epoch: 7n, lastSeq: 4n } });
  expect(texts(stage.line)).toEqual(["2:two"]);
  expect(room.pending.map(({ sent }) => sent)).toEqual([true]);
  stage.line.say(said(5, 2, "two"));
  await expect(two).resolves.toMatchObject({ seq: 5n });
  expect(room.pending).toEqual([]);
  room.close();
});

test("what is replayed is told as such, and not applied again", async () => {
  const stage = new Stage();
  const room = await stage.join();
  const kinds: string[] = [];
  room.on("event", ({ seq, kind }) => kinds.push(`${seq}:${kind}`));
  stage.onLine = (line) => { line.say(again(6, 0, { kind: resumed, events: 2 }), said(4, 0, "x"), said(6, 0, "y"), said(7, 0, "z")); };
  stage.line.end();
  await pass(15_000);
  expect(kinds).toEqual(["0:welcome", "4:replayed", "6:replayed", "7:live"]);
  expect(room.state.seq).toBe(7n);
  expect(room.state.chat.map(({ seq }) => seq)).toEqual([7n]); // the others are the Welcome's to tell
  room.close();
});

test("what can't be told any more is reported as unknown, and said whether it was decided", async () => {
  const stage = new Stage();
  const room = await stage.join();
  const decided = room.say("decided").catch((error: unknown) => error);
  stage.onLine = (line) => { line.say(again(9, 1, { kind: snapshot, events: 0 })); };
  await pass(0);
  stage.line.end();
  await pass(15_000);
  expect(await decided).toBeInstanceOf(Unknown);
  expect(await decided).toMatchObject({ decided: true });
  room.close();
});

test("a room that is closed says what was sent, what wasn't, and goes without leaving", async () => {
  const stage = new Stage();
  const room = await stage.join();
  const ends: (string | undefined)[] = [];
  room.on("end", ({ end }) => ends.push(end));
  const sent = room.say("sent").catch((error: unknown) => error);
  await pass(0);
  room.close();
  await pass(0);
  expect(await sent).toMatchObject({ name: "Unknown", decided: false });
  await expect(room.say("late")).rejects.toBeInstanceOf(NotSent);
  expect(ends).toEqual(["closed"]);
  expect(texts(stage.line)).toEqual(["1:sent"]);
});

// A page that changed its mind within the same tick went on connecting for ever.
test("a room that is closed as soon as it is made never connects", async () => {
  const stage = new Stage();
  const joining = stage.join();
  const room = new Client({ baseUrl: "http://stage", transport: stage.transport }).join({ roomId: "friday", nickname: "Jun", role: Role.WATCHER });
  room.close();
  await pass(1_000);
  expect(room.connection).toMatchObject({ phase: "ended", end: "closed" });
  expect(stage.lines).toHaveLength(1);
  (await joining).close();
});

test("what is said as soon as a room is made goes out when it is welcomed", async () => {
  const stage = new Stage();
  const room = new Client({ baseUrl: "http://stage", transport: stage.transport }).join({ roomId: "friday", nickname: "Jun", role: Role.WATCHER });
  const hello = room.say("hello");
  expect(room.pending.map(({ sent }) => sent)).toEqual([false]);
  await pass(0);
  const again = room.say("again");
  await pass(0);
  expect(stage.line.hello.takeOver).toBe(true);
  expect(texts(stage.line)).toEqual(["1:hello", "2:again"]);
  stage.line.say(said(4, 1, "hello"), said(5, 2, "again"));
  await expect(hello).resolves.toMatchObject({ seq: 4n });
  await expect(again).resolves.toMatchObject({ seq: 5n });
  expect(room.pending).toEqual([]);
  room.close();
});

test("a room that is closed as soon as it is made says that nothing was sent, and begins again by a person's act", async () => {
  const stage = new Stage();
  const room = new Client({ baseUrl: "http://stage", transport: stage.transport }).join({ roomId: "friday", nickname: "Jun", role: Role.WATCHER });
  const hello = room.say("hello").catch((error: unknown) => error);
  room.close();
  await expect(room.say("late")).rejects.toBeInstanceOf(NotSent);
  await pass(0);
  expect(await hello).toBeInstanceOf(NotSent);
  expect(room.connection).toMatchObject({ phase: "ended", end: "closed" });
  room.takeOver();
  await pass(0);
  expect(room.connection).toMatchObject({ phase: "live", end: undefined });
  expect(stage.lines).toHaveLength(1);
  const after = room.say("after");
  await pass(0);
  stage.line.say(said(4, 1, "after"));
  await expect(after).resolves.toMatchObject({ seq: 4n });
  room.close();
});

test("an unsent command is withdrawn by its signal", async () => {
  const stage = new Stage();
  stage.onLine = () => undefined;
  const room = await stage.join();
  const giveUp = new AbortController();
  const said = room.do({ case: "chatMessage", value: { $typeName: "singoff.v1.ChatMessage", text: "x", toMemberId: "", nickname: "", toNickname: "" } }, giveUp.signal);
  giveUp.abort();
  await expect(said).rejects.toBeInstanceOf(NotSent);
  expect(room.pending).toEqual([]);
  room.close();
});

test.each<[string, (line: Line) => void]>([
  ["UNAVAILABLE", (line) => { line.end(new ConnectError("no", Code.Unavailable)); }],
  ["RESOURCE_EXHAUSTED", (line) => { line.end(new ConnectError("no", Code.ResourceExhausted)); }],
  ["a Goaway", (line) => { line.say(goaway(Goaway_Reason.LOG_UNREACHABLE)).end(new ConnectError("no", Code.Unavailable)); }],
  ["a welcome, and the end", (line) => { line.say(again(3, 0, { kind: snapshot, events: 0 })).end(new ConnectError("no", Code.Unavailable)); }],
])("a server that answers %s is asked at most 6 times in any 10 s, ever more slowly", async (_, refuse) => {
  const stage = new Stage();
  stage.onLine = refuse;
  const room = await stage.join({}, { random: () => 0 }); // the worst dice
  await pass(10_000 - 1);
  expect(stage.lines.length).toBeLessThanOrEqual(6);
  await pass(60_000);
  const began = stage.lines.map((line) => line.began);
  began.forEach((at, i) => { expect(began.filter((other) => other >= at && other < at + 10_000).length, `from try ${i} on`).toBeLessThanOrEqual(6); });
  expect(room.connection.phase).not.toBe("ended");
  room.close();
});

test("a Goaway's time is honoured, with jitter after it, also by a wake-up", async () => {
  const stage = new Stage();
  stage.onLine = (line) => { line.say(goaway(Goaway_Reason.DRAINING, { retryAfterMs: 5_000 })).end(new ConnectError("no", Code.Unavailable)); };
  const room = await stage.join();
  expect(room.connection).toMatchObject({ phase: "waiting", goaway: { reason: Goaway_Reason.DRAINING } });
  expect(room.connection.retryAt).toBeGreaterThanOrEqual(Date.now() + 5_000);
  expect(room.connection.retryAt).toBeLessThanOrEqual(Date.now() + 6_000);
  room.retry();
  await pass(4_999);
  expect(stage.lines).toHaveLength(1);
  stage.onLine = (line) => { stage.welcome(line); };
  await pass(1_001);
  expect(room.connection.phase).toBe("live");
  room.close();
});

test.each([Goaway_Reason.FULL, Goaway_Reason.KICKED, Goaway_Reason.UNAUTHENTICATED, Goaway_Reason.BANNED])("a final Goaway (%i) is never retried", async (reason) => {
  const stage = new Stage();
  stage.onLine = (line) => { line.say(goaway(reason, { final: true })).end(new ConnectError("no", Code.ResourceExhausted)); };
  const room = await stage.join();
  const ready = room.ready().catch((error: unknown) => error);
  await pass(60_000);
  expect(stage.lines).toHaveLength(1);
  expect(room.connection).toMatchObject({ phase: "ended", end: "refused", goaway: { reason } });
  expect(await ready).toMatchObject({ message: "bye" });
});

test("a status that the same Hello would meet again isn't retried", async () => {
  const stage = new Stage();
  stage.onLine = (line) => { line.end(new ConnectError("hello.nickname", Code.InvalidArgument)); };
  const room = await stage.join();
  await pass(60_000);
  expect(stage.lines).toHaveLength(1);
  expect(room.connection).toMatchObject({ phase: "ended", end: "refused", error: { rawMessage: "hello.nickname" } });
});

test("a place that another instance took is taken back by a person alone, as a new instance that resumes", async () => {
  const stage = new Stage();
  const room = await stage.join();
  const instance = stage.line.hello.instance;
  expect(stage.line.hello.takeOver).toBe(true);
  stage.line.say(goaway(Goaway_Reason.TAKEN_OVER, { final: true })).end();
  await pass(60_000);
  expect(stage.lines).toHaveLength(1);
  expect(room.connection).toMatchObject({ phase: "ended", end: "refused", goaway: { reason: Goaway_Reason.TAKEN_OVER } });
  room.takeOver();
  await pass(0);
  expect(room.connection).toMatchObject({ phase: "live", end: undefined, goaway: undefined });
  expect(stage.line.hello).toMatchObject({ takeOver: true, attempt: 1n, resume: { lastSeq: 3n } });
  expect(stage.line.hello.instance).not.toBe(instance);
  room.close();
});

test("leaving ends it; when the answer is lost nobody comes back by themselves", async () => {
  const stage = new Stage();
  const room = await stage.join();
  const left = room.leave();
  await pass(0);
  stage.line.say(said(4, 1, "left"));
  await pass(0);
  await left;
  expect(room.connection).toMatchObject({ phase: "ended", end: "left", error: undefined });

  const other = new Stage();
  const gone = await other.join();
  const lost = gone.leave().catch((error: unknown) => error);
  await pass(0);
  other.line.end(new ConnectError("cut", Code.Unavailable));
  await pass(60_000);
  expect(await lost).toBeInstanceOf(Unknown);
  expect(gone.connection).toMatchObject({ phase: "ended", end: "leave-unknown" });
  expect(other.lines).toHaveLength(1);
});

test("a server that breaks the protocol is left, and come back to", async () => {
  const stage = new Stage();
  const room = await stage.join();
  stage.line.say(said(3, 0, "of the past"));
  await pass(0);
  expect(room.connection).toMatchObject({ phase: "waiting", error: { name: "ProtocolError" } });
  await pass(15_000);
  expect(room.connection.phase).toBe("live");
  room.close();
});
