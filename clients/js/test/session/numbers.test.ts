import { describe, expect, test } from "vitest";
import { maxUnanswered } from "../../src/session/session.js";
import { ack, again, chat, first, fresh, notTaken, rejected, resumed, said, snapshot, welcomed, type WelcomeInit } from "../events.js";
import { Play } from "./play.js";

/** joined is a Play whose first Welcome has come. */
function joined(config?: ConstructorParameters<typeof Play>[0]): Play {
  const play = new Play(config);
  play.connect();
  return play.receive(first(3));
}

test("nothing is sent before the Welcome", () => {
  const play = new Play().queue("a");
  play.connect();
  expect(play.notes()).toBe("");
  play.receive(first(3));
  expect(play.notes()).toBe("1:a");
  play.receive(said(4, 1, "a"), said(5, 0, "other"));
  expect(play.notes()).toBe("a=done");
});

test("what is undecided is sent again before anything new", () => {
  const play = joined().queue("a", "b", "c");
  expect(play.notes()).toBe("1:a  2:b  3:c");
  play.lost().queue("d").connect();
  play.receive(again(5, 1, { kind: resumed, events: 2 }));
  expect(play.notes()).toBe("");
  play.receive(said(4, 1, "a"));
  expect(play.notes()).toBe("a=done");
  play.receive(said(5, 0, "other"));
  expect(play.notes()).toBe("2:b  3:c  4:d");
});

// A replay that breaks off leaves commands that were decided but not answered; the next replay goes on where it stopped.
test("a replay that breaks off", () => {
  const play = joined().queue("a", "b", "c").lost();
  play.connect();
  play.receive(again(6, 2, { kind: resumed, events: 3 }), said(4, 1, "a")).lost();
  expect(play.connect().resume?.lastSeq).toBe(4n);
  play.receive(again(6, 2, { kind: resumed, events: 2 }), said(5, 2, "b"), said(6, 0, "other"));
  expect(play.notes()).toBe("1:a  2:b  3:c  a=done  b=done  3:c");
});

test.each([fresh, snapshot, resumed])("what was decided but isn't in a replay of kind %i is unseen", (kind) => {
  const play = joined().queue("a", "b").lost();
  play.connect();
  play.receive(again(9, 1, { kind, events: 0 }));
  expect(play.notes()).toBe("1:a  2:b  a=unseen  2:b");
});

test.each<[string, WelcomeInit]>([
  ["instance forgotten", { instanceKnown: false }],
  ["joined anew", { instanceKnown: true, memberSince: { epoch: 7n, seq: 9n } }],
  ["same seq, other log", { instanceKnown: true, memberSince: { epoch: 8n, seq: 3n } }],
  ["joined anew, resumed", { instanceKnown: true, lastNumber: 2n, memberSince: { epoch: 7n, seq: 9n } }],
])("without the same membership nothing is repeated: %s", (_, welcome) => {
  const play = joined().queue("a", "b").lost().queue("c");
  play.connect();
  play.receive(welcomed({ ...welcome, snapshotSeq: 20n }, resumed, 1));
  expect(play.notes()).toBe("1:a  2:b  a=unknown  b=unknown");
  play.receive(said(19, 1, "a"));
  expect(play.notes()).toBe(`${(welcome.lastNumber ?? 0n) + 1n}:c`);
});

// Commands numbered anew after a NOT_TAKEN must not meet the old numbers of those still under way.
test("NOT_TAKEN waits for all others", () => {
  const play = joined().queue("a", "b", "c").receive(notTaken(1, 1)).queue("d").receive(notTaken(2, 1));
  expect(play.notes()).toBe("1:a  2:b  3:c  a=rejected  b=rejected");
  play.receive(notTaken(3, 1));
  expect(play.notes()).toBe("c=rejected  1:d");
  play.receive(said(4, 1, "d")).queue("e");
  expect(play.notes()).toBe("d=done  2:e");
});

test("repeated commands are numbered on", () => {
  const play = joined().queue("a", "b", "c").receive(notTaken(1, 1)).lost().queue("d");
  play.connect();
  play.receive(again(3, 0, { kind: resumed, events: 0 }));
  expect(play.notes()).toBe("1:a  2:b  3:c  a=rejected  1:b  2:c  3:d");
});

test.each([
  ["event", said(4, 1, "a"), "a=done"],
  ["ack", ack(4, 1, false), "a=acked"],
  ["repeated ack", ack(0, 1, true), "a=unseen"],
  ["rejected", rejected(4, 1), "a=rejected"],
])("answered by %s", (_, event, want) => {
  const play = joined().queue("a").receive(said(0, 0, "not kept"), event);
  expect(play.notes()).toBe(`1:a  ${want}`);
  expect(play.session.resume?.lastSeq).toBe(event.seq > 3n ? event.seq : 3n);
});

test("at most 64 are under way, whatever the server says", () => {
  const play = new Play();
  play.connect();
  play.receive(welcomed({ snapshotSeq: 3n, limits: { unansweredCommands: 1000 } }, fresh, 0));
  play.queue(...Array.from({ length: 100 }, (_, i) => String(i)));
  expect(play.notes().split("  ")).toHaveLength(maxUnanswered);
  expect([play.session.unanswered, play.session.waiting]).toEqual([maxUnanswered, 100 - maxUnanswered]);
  play.receive(said(4, 1, "0"));
  expect(play.notes()).toBe("0=done  65:64");
});

test("the server's window is kept", () => {
  const play = new Play();
  play.connect();
  play.receive(welcomed({ limits: { unansweredCommands: 1 } }, fresh, 0)).queue("a", "b");
  expect(play.notes()).toBe("1:a");
});

describe("leave", () => {
  test("answered", () => {
    const play = joined().queue("a", "leave");
    expect(play.session.queue(chat("b")), "after a Leave").toBeUndefined();
    play.receive(said(4, 1, "a"), said(5, 2, "left"));
    expect(play.notes()).toBe("1:a  2:leave  a=done  leave=done");
    expect(play.session.end).toBe("left");
  });

  test("unanswered: it isn't repeated, and the session ends", () => {
    const play = joined().queue("a", "leave").lost();
    expect(play.notes()).toBe("1:a  2:leave  a=unknown  leave=unknown");
    expect(play.session.connect()).toBeUndefined();
    expect(play.session.end).toBe("leave-unknown");
  });

  test("never sent: it is sent on the next connection", () => {
    const play = new Play();
    play.connect();
    play.queue("leave").lost().connect();
    play.receive(first(3));
    expect(play.notes()).toBe("1:leave");
  });

  test("not taken: the session goes on", () => {
    const play = joined().queue("leave").receive(notTaken(1, 1)).queue("a");
    expect(play.notes()).toBe("1:leave  leave=rejected  1:a");
  });
});

test("only what was never sent is withdrawn", () => {
  const play = joined({ unanswered: 1 }).queue("a", "b", "c");
  expect(play.session.withdraw(1), "a is on the wire").toBe(false);
  expect(play.session.withdraw(2), "b was never sent").toBe(true);
  play.receive(said(4, 1, "a"));
  expect(play.notes()).toBe("1:a  a=done  2:c");
  play.lost();
  expect(play.session.withdraw(3), "c was on a wire that was lost").toBe(false);
});
