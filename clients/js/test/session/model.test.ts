import { create } from "@bufbuild/protobuf";
import fc from "fast-check";
import { test } from "vitest";
import { HelloSchema, Recovery_Kind, Rejected_Reason, type Event } from "../../src/index.js";
import type { Outcome, Result } from "../../src/session/command.js";
import { Session, type Kind } from "../../src/session/session.js";
import { chat } from "../events.js";
import { ModelServer, type Wire } from "./model_server.js";

/** hold fails a schedule that breaks a promise; it is called very often. */
function hold(kept: boolean, promise: () => string): void {
  if (!kept) {
    throw new Error(promise());
  }
}

/** World is one client and a model of the server, with wires between them that are cut, stall, and deliver late. */
class World {
  readonly session: Session;
  readonly server = new ModelServer();
  wire: Wire | undefined; // the client's
  readonly #names = new Map<number, string>(); // of all that was asked for, in its order
  readonly #results = new Map<string, Result>();
  readonly #withdrawn = new Set<string>();
  #seen = 0n; // seq of the newest kept event the client has received

  constructor(unanswered: number, readonly logsAreLost: boolean) {
    this.session = new Session({ hello: create(HelloSchema, { instance: "i1" }), takeOver: true, unanswered });
  }

  /** queue asks for a command whose name tells the server how to decide it. */
  queue(kind: Outcome): void {
    const name = `${kind}${this.#names.size}`;
    const id = this.session.queue(chat(name));
    if (id !== undefined) {
      this.#names.set(id, name);
    }
  }

  withdraw(dice: number): void {
    const id = 1 + (dice % Math.max(1, this.#names.size));
    if (this.session.withdraw(id)) {
      this.#withdrawn.add(this.#names.get(id) ?? "");
    }
  }

  connect(): void {
    const hello = this.session.connect();
    if (hello === undefined) {
      throw new Error("the session has ended");
    }
    this.wire = this.server.dial();
    this.wire.up.push(hello);
  }

  /** lose cuts the client's end; what is on the wire may still reach the server, late. */
  lose(): void {
    this.session.lost();
    this.wire = undefined;
  }

  /** push lets the client send all it may. */
  push(): void {
    for (let message = this.session.next(); message !== undefined; message = this.session.next()) {
      this.wire?.up.push(message);
    }
  }

  /** deliver gives the client the next event. */
  deliver(): void {
    const event = this.wire?.down.shift();
    if (event !== undefined) {
      this.#checkGaps(event, this.session.receive(event));
      this.#take();
    }
  }

  /** checkGaps holds that the client misses no event it may see, unless a SNAPSHOT says so. */
  #checkGaps(event: Event, kind: Kind): void {
    if (event.body.case === "welcome") {
      this.#seen = event.body.value.recovery?.kind === Recovery_Kind.RESUMED ? this.#seen : event.body.value.snapshotSeq;
    } else if (kind !== "aside") {
      hold(!this.server.missed(this.#seen, event), () => `an event was missed before ${event.seq}`);
      this.#seen = event.seq;
    }
  }

  #take(): void {
    for (const result of this.session.takeResults()) {
      const name = this.#names.get(result.id) ?? "";
      hold(!this.#results.has(name) && !this.#withdrawn.has(name), () => `${name} has a second result: ${result.outcome}`);
      this.#results.set(name, result);
    }
  }

  /** settle heals everything until nothing is left to do. */
  settle(): void {
    this.server.refuse = 0;
    for (let round = 0; round < 3; round++) {
      if (this.wire?.current !== true) {
        this.lose();
        this.connect();
      }
      const { wire } = this;
      do {
        this.server.step(wire);
        this.deliver();
        this.push();
      } while (wire !== undefined && wire.up.length + wire.down.length > 0 && this.session.phase !== "parting");
    }
    this.#take();
  }

  /** check compares what was reported with what was decided. */
  check(): void {
    const names = [...this.#names.values()];
    for (const name of names) {
      const result = this.#results.get(name);
      const decided = this.server.decided.get(name) ?? "";
      hold(result !== undefined || this.#withdrawn.has(name), () => `${name} has no result`);
      const body = result?.event?.body;
      const notTaken = body?.case === "rejected" && body.value.reason === Rejected_Reason.NOT_TAKEN;
      const outcome = result?.outcome ?? "not-sent";
      const open = outcome === "unknown" || (outcome === "unseen" && decided !== "");
      const told = notTaken || outcome === "not-sent" ? "" : open ? decided : outcome;
      hold(decided === told, () => `${name}: reported ${outcome}, decided "${decided}"`);
    }
    hold(!this.server.wrongEpoch, () => "a Resume named a wrong epoch, which makes a SNAPSHOT of what could be RESUMED");
    const places = this.server.order.map((name) => names.indexOf(name));
    hold(places.every((place, at) => at === 0 || place > (places[at - 1] ?? 0)), () => `decided out of order: ${places.join(" ")}`);
  }
}

/** The actions of a schedule, each with how often it is drawn. */
const actions: readonly [string, number, (world: World, dice: number) => void][] = [
  ["queue an event", 8, (world) => { world.queue("done"); }],
  ["queue an ack", 2, (world) => { world.queue("acked"); }],
  ["queue a refusal", 2, (world) => { world.queue("rejected"); }],
  ["connect", 8, (world) => { if (world.wire === undefined) { world.connect(); } }],
  ["push", 12, (world) => { world.push(); }],
  ["deliver", 20, (world) => { world.deliver(); }],
  ["step", 20, (world) => { world.server.step(world.wire); }],
  ["step a late one", 4, (world, dice) => { world.server.step(world.server.wires.at(-1 - (dice % 3))); }],
  ["lose", 4, (world) => { world.lose(); }],
  ["withdraw", 1, (world, dice) => { world.withdraw(dice); }],
  ["another's chat", 3, (world) => { world.server.others(false); }],
  ["another's whisper", 2, (world) => { world.server.others(true); }],
  ["refuse appends", 3, (world, dice) => { world.server.refuse = 1 + (dice % 3); }],
  ["remove", 1, (world) => { world.server.remove(false); }],
  ["remove and forget", 1, (world) => { world.server.remove(true); }],
  ["forget", 1, (world) => { world.server.forget(); }],
  ["crash", 3, (world) => { world.server.crash(false); }],
  ["lose the log", 1, (world) => { world.server.crash(world.logsAreLost); }],
  ["trim", 2, (world) => { world.server.trim(); }],
];

test("whatever happens, each command has one result, which is true, and no event is missed", { timeout: 60_000 }, () => {
  const step = fc.record({
    action: fc.oneof(...actions.map(([name, weight], at) => ({ weight, arbitrary: fc.constant({ at, toString: () => name }) }))),
    dice: fc.nat(1000),
  });
  const schedule = fc.array(step, { minLength: 20, maxLength: 300, size: "max" });
  fc.assert(fc.property(fc.integer({ min: 1, max: 6 }), fc.boolean(), schedule, (unanswered, logsAreLost, steps) => {
    const world = new World(unanswered, logsAreLost);
    for (const { action, dice } of steps) {
      actions[action.at]?.[2](world, dice);
    }
    world.settle();
    world.check();
  }), { numRuns: 1500 });
});
