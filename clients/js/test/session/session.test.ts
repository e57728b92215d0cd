import { create } from "@bufbuild/protobuf";
import { expect, test } from "vitest";
import { EventSchema, HelloSchema, JoinRequestSchema, ResumeSchema } from "../../src/index.js";
import { ProtocolError, Session } from "../../src/session/session.js";
import { again, first, fresh, goaway, notTaken, opened, resumed, said, snapshot, welcomed } from "../events.js";
import { Play } from "./play.js";

test("a Goaway that isn't final lets everything go on", () => {
  const play = new Play();
  play.connect();
  play.receive(first(3)).queue("a").receive(goaway(false)).queue("b");
  expect(play.notes()).toBe("1:a");
  play.lost().connect();
  play.receive(again(3, 0, { kind: resumed, events: 0 }));
  expect(play.notes()).toBe("1:a  2:b");
});

test("a final Goaway ends it", () => {
  const play = new Play();
  play.connect();
  play.receive(first(3)).queue("a").receive(goaway(true));
  expect(play.notes()).toBe("1:a  a=unknown");
  expect(play.session.end).toBe("refused");
  expect(play.session.goaway?.final).toBe(true);
});

test("close reports what was sent and what was not", () => {
  const play = new Play({ unanswered: 1 });
  play.connect();
  play.receive(first(3)).queue("a", "b");
  play.session.close();
  expect(play.look().notes()).toBe("1:a  a=unknown  b=not-sent");
});

test("Hello says the newest attempt, resume, token, and takes over until the first Welcome", () => {
  const play = new Play({ resume: create(ResumeSchema, { epoch: 5n, lastSeq: 2n }) });
  const hello = (): unknown[] => {
    const { attempt, takeOver, resume, token } = play.connect();
    return [attempt, takeOver, resume?.epoch, resume?.lastSeq, token];
  };
  expect(hello(), "first").toEqual([1n, true, 5n, 2n, ""]);
  expect(hello(), "its Welcome was lost").toEqual([2n, true, 5n, 2n, ""]);
  play.receive(welcomed({ snapshotSeq: 12n }, resumed, 2), said(8, 0, "x"));
  expect(hello(), "in the middle of a replay the epoch is the old one").toEqual([3n, false, 5n, 8n, ""]);
  play.receive(welcomed({ snapshotSeq: 12n }, resumed, 2), opened(9, 7));
  expect(hello(), "after the RoomOpened in a replay").toEqual([4n, false, 7n, 9n, ""]);
  play.receive(welcomed({ snapshotSeq: 12n }, resumed, 1), said(11, 0, "y"));
  expect(hello(), "after all").toEqual([5n, false, 7n, 12n, ""]);
  play.receive(welcomed({ snapshotSeq: 12n }, resumed, 0), opened(13, 9));
  play.session.renew("fresh");
  expect(hello(), "after a live RoomOpened").toEqual([6n, false, 9n, 13n, "fresh"]);
  play.receive(welcomed({ snapshotSeq: 4n, epoch: 11n }, snapshot, 0));
  expect(hello(), "after a lost log").toEqual([7n, false, 11n, 4n, "fresh"]);
});

test("the server's guest key is used", () => {
  const play = new Play();
  play.connect();
  const guestKey = new TextEncoder().encode("made by server");
  play.receive(welcomed({ guestKey }, fresh, 0));
  expect(play.connect().guestKey).toEqual(guestKey);
  expect(play.session.guestKey).toEqual(guestKey);
});

test.each([
  ["event before Welcome", [said(4, 0, "a")]],
  ["second Welcome", [first(3), first(3)]],
  ["resumed without a Resume", [welcomed({ snapshotSeq: 3n }, resumed, 0)]],
  ["Welcome without a room", [create(EventSchema, { body: { case: "welcome", value: {} } })]],
  ["live of the past", [first(3), said(3, 0, "a")]],
  ["live twice", [first(3), said(4, 0, "a"), said(4, 0, "a")]],
  ["event after Goaway", [first(3), goaway(false), said(4, 0, "a")]],
])("a broken protocol is refused, and moves nothing: %s", (_, events) => {
  const play = new Play();
  play.connect();
  play.receive(...events.slice(0, -1));
  const before = play.session.resume;
  expect(() => { play.receive(...events.slice(-1)); }).toThrow(ProtocolError);
  expect(play.session.resume).toEqual(before);
});

// A replay with a live event before all n have come has a gap, and one with too many isn't the one announced.
test.each([["live", said(7, 0, "x")], ["old", said(5, 0, "x")], ["NOT_TAKEN without a number", notTaken(1, 0)]])("a replay with a gap is refused: %s", (_, event) => {
  const play = new Play();
  play.connect();
  play.receive(first(3)).lost().connect();
  play.receive(again(6, 0, { kind: resumed, events: 2 }), said(5, 0, "x"));
  expect(() => { play.receive(event); }).toThrow(ProtocolError);
});

test("what has no number is sent at most once, when there is a connection", () => {
  const play = new Play();
  const cheer = create(JoinRequestSchema, { command: { case: "reaction", value: {} } });
  const ping = create(JoinRequestSchema, { command: { case: "ping", value: {} } });
  const may = (): boolean[] => [ping, cheer].map(({ command }) => play.session.once(command) !== undefined);
  expect(may(), "idle").toEqual([false, false]);
  play.connect();
  expect(may(), "greeting").toEqual([true, false]);
  play.receive(first(3));
  expect(may(), "joined").toEqual([true, true]);
  play.receive(goaway(false));
  expect(may(), "parting").toEqual([false, false]);
  expect(() => play.session.queue(cheer)).toThrow(TypeError);
});

test("kinds of events", () => {
  const play = new Play({ resume: create(ResumeSchema, { epoch: 7n, lastSeq: 1n }) });
  play.connect();
  const events = [welcomed({ snapshotSeq: 3n }, resumed, 1), said(3, 0, "a"), said(4, 0, "b"), said(0, 0, "c"), goaway(true)];
  expect(events.map((event) => play.session.receive(event))).toEqual(["welcome", "replayed", "live", "aside", "aside"]);
  expect(() => play.session.receive(said(5, 0, "d"))).toThrow(ProtocolError);
});

test("the config is checked", () => {
  const hello = create(HelloSchema, { instance: "i" });
  expect(() => new Session({ hello: create(HelloSchema) })).toThrow("hello.instance has 0 bytes");
  expect(() => new Session({ hello: create(HelloSchema, { instance: "가".repeat(22) }) })).toThrow("hello.instance has 66 bytes");
  expect(() => new Session({ hello, unanswered: 65 })).toThrow("unanswered is 65");
});
