import { create } from "@bufbuild/protobuf";
import { Code, ConnectError } from "@connectrpc/connect";
import { expect, test } from "vitest";
import { EventSchema, Goaway_Reason, HelloSchema, type JoinResponse } from "../../src/index.js";
import { failed } from "../../src/transport/failure.js";
import { localTime } from "../../src/time.js";
import { AutoLinker } from "../../src/way/auto.js";
import { Silence, type Link, type Linker } from "../../src/way/way.js";
import { Stage, fakeTime, pass, type Line } from "./stage.js";

fakeTime();

/** blocked is a network that lets no websocket live for longer than so many ms; a way failed when it is cut. */
function blocked(stage: Stage, forMs: () => number | undefined): void {
  stage.onLine = (line: Line) => {
    stage.welcome(line);
    const ms = forMs();
    if (line.kind === "join" && ms !== undefined) {
      setTimeout(() => { line.end(failed("websocket", "cut")); }, ms);
    }
  };
}

const cut = failed("websocket", "cut");

/** Scripted links: each ends as the next of these says; Infinity: it lives. */
class Scripted implements Linker {
  opened = 0;

  constructor(readonly kind: "websocket" | "fetch", readonly ends: (unknown)[]) {}

  open(_: unknown, signal: AbortSignal): Link {
    const end = this.ends[Math.min(this.opened++, this.ends.length - 1)];
    return { way: { kind: this.kind }, send: () => undefined, responses: responsesOf(end, signal) };
  }
}

async function* responsesOf(end: unknown, signal: AbortSignal): AsyncGenerator<JoinResponse> {
  if (end === "lives") {
    yield { $typeName: "singoff.v1.JoinResponse", events: [create(EventSchema, { body: { case: "welcome", value: {} } })] };
    await new Promise((resolve) => { setTimeout(resolve, 6_000); });
    yield { $typeName: "singoff.v1.JoinResponse", events: [] };
    throw cut;
  }
  if (end === "goaway") {
    yield { $typeName: "singoff.v1.JoinResponse", events: [create(EventSchema, { body: { case: "goaway", value: { reason: Goaway_Reason.TOO_MANY } } })] };
    throw cut;
  }
  if (end === "silent") {
    await new Promise((resolve) => { signal.addEventListener("abort", resolve); });
    throw new ConnectError("given up", Code.Canceled);
  }
  throw end;
}

async function ways(socketEnds: unknown[], fetchEnds: unknown[], tries: number, pauseMs = 0): Promise<string> {
  const websocket = new Scripted("websocket", socketEnds);
  const fetch = new Scripted("fetch", fetchEnds);
  const auto = new AutoLinker({ websocket, fetch, time: localTime });
  const taken: string[] = [];
  for (let i = 0; i < tries; i++) {
    const end = new AbortController();
    const link = auto.open(create(HelloSchema), end.signal);
    taken.push(link.way.kind === "fetch" ? `f(${link.way.reason ?? ""})` : "w");
    setTimeout(() => { end.abort(new Silence("nothing was heard")); }, 3_000);
    const read = (async () => { for await (const response of link.responses) { expect(response.$typeName).toBe("singoff.v1.JoinResponse"); } })().catch(() => undefined);
    await pass(7_000);
    await read;
    await pass(pauseMs);
  }
  return taken.join(" ");
}

test.each<[string, unknown[], unknown[], string]>([
  ["two failures in a row fall back, and fetch stays", [cut], ["lives"], "w w f(cut) f(cut)"],
  ["a websocket that lives forgets the failures", [cut, "lives", cut, cut], ["lives"], "w w w w"],
  ["what the server says is no failure", [new ConnectError("full", Code.ResourceExhausted)], ["lives"], "w w w w"],
  ["a Goaway is no failure", ["goaway"], ["lives"], "w w w w"],
  ["a websocket that opens and is silent has failed", ["silent"], ["lives"], "w w f(nothing was heard) f(nothing was heard)"],
  ["when fetch fails as well, the websocket is tried again", [cut], [failed("fetch", "offline")], "w w f(cut) w f(cut)"],
])("%s", async (_, socketEnds, fetchEnds, want) => {
  expect(await ways(socketEnds, fetchEnds, want.split(" ").filter((word) => /^(w$|f\()/.test(word)).length)).toBe(want);
});

test("the websocket is tried again after a minute, and one failure is enough to fall back then", async () => {
  expect(await ways([cut, cut, cut, "lives"], ["lives"], 6, 30_000)).toBe("w w f(cut) w f(cut) w");
});

test("a room lives on over fetch where websockets are killed after 200 ms, and goes back when they live", async () => {
  const stage = new Stage();
  let lifetime: number | undefined = 200;
  blocked(stage, () => lifetime);
  const room = await stage.join({}, { way: "auto" });
  await pass(10_000);
  expect(room.connection).toMatchObject({ phase: "live", way: { kind: "fetch" } });
  expect(room.connection.way?.reason).toContain("cut");
  expect(stage.line.hello.pingInterval?.seconds).toBe(3n);
  const said = room.say("over fetch");
  await pass(10);
  expect(stage.line.requests.map(({ number }) => number)).toEqual([1n]);
  lifetime = undefined;
  await pass(60_000);
  expect(stage.line.kind).toBe("watch");
  stage.line.end(new ConnectError("cut", Code.Unavailable));
  await pass(15_000);
  expect(room.connection).toMatchObject({ phase: "live", way: { kind: "websocket" } });
  expect(room.connection.way?.reason).toBeUndefined();
  room.close();
  await said.catch(() => undefined);
});

// centrifuge-js#409: a fallback of which half works kept resetting the back-off.
test("a Watch that works while Send answers 404 doesn't reset the back-off", async () => {
  const stage = new Stage();
  stage.onSend = () => { throw failed("fetch", "the answer's HTTP status is 404", { code: Code.Unimplemented }); };
  const room = await stage.join({}, { way: "fetch", random: () => 0 });
  await pass(60_000);
  const began = stage.lines.map((line) => line.began);
  began.forEach((at) => { expect(began.filter((other) => other >= at && other < at + 10_000).length).toBeLessThanOrEqual(6); });
  expect(room.connection.phase).not.toBe("ended");
  expect(began.length).toBeGreaterThan(6);
  room.close();
});

test("what a Send didn't take goes again with the next one, and each sign of life is answered with a Ping", async () => {
  const stage = new Stage();
  const room = await stage.join({}, { way: "fetch" });
  await pass(3_000);
  const pings = stage.line.pings.length;
  stage.line.say();
  await pass(10);
  expect(stage.line.pings.length).toBe(pings + 1);
  stage.take = 0;
  const said = room.say("slowly").catch(() => undefined);
  await pass(500);
  expect(stage.line.requests).toEqual([]);
  stage.take = 64;
  await pass(2_000);
  expect(stage.line.requests.filter(({ number }) => number === 1n)).toHaveLength(1);
  expect(stage.sendNumbers).toEqual([...stage.sendNumbers].sort((a, b) => a - b));
  room.close();
  await said;
});
