import type { Event, Hello, JoinRequest, Recovery_Kind, Resume } from "../../src/index.js";
import type { Outcome } from "../../src/session/command.js";
import { ack, fresh, goaway, notTaken, opened, rejected, resumed, said, snapshot, welcomed } from "../events.js";

/** A connection; the server goes on reading one that the client has given up. */
export interface Wire {
  readonly up: (Hello | JoinRequest)[];
  down: Event[];
  current: boolean;
}

interface Entry {
  readonly seq: bigint;
  readonly epoch: bigint;
  readonly event: Event;
  readonly hidden: boolean;
}

/** The least server that keeps the protocol's promises to one user with one instance. */
export class ModelServer {
  readonly wires: Wire[] = [];
  #log: Entry[] = [];
  #seq = 0;
  #epoch = 100;
  /** Nothing at or below it can be replayed. */
  #trimmed = 0n;
  /** How many appends the log refuses from now on. */
  refuse = 0;
  #lostLog = false; // once at least
  /** A Resume named an event under an epoch it wasn't decided under. */
  wrongEpoch = false;
  #since: { epoch: bigint; seq: bigint } | undefined; // of the member there is
  #known = false;
  #attempt = 0n;
  #last = 0n;
  /** How each command was decided, and in which order. */
  readonly decided = new Map<string, string>();
  readonly order: string[] = [];

  dial(): Wire {
    const wire: Wire = { up: [], down: [], current: false };
    this.wires.push(wire);
    return wire;
  }

  /** step handles the next message on a wire. */
  step(wire: Wire | undefined): void {
    const request = wire?.up.shift();
    if (wire === undefined || request === undefined) {
      return;
    }
    if (request.$typeName === "singoff.v1.Hello") {
      this.#attach(wire, request);
    } else if (wire.current) {
      this.#decide(wire, request);
    }
  }

  #attach(wire: Wire, hello: Hello): void {
    if ((this.#known && hello.attempt <= this.#attempt) || this.refuse > 0) {
      this.refuse = Math.max(0, this.refuse - 1);
      wire.down.push(goaway(false));
      return;
    }
    const instanceKnown = this.#known;
    this.#last = instanceKnown ? this.#last : 0n;
    this.#known = true;
    this.#attempt = hello.attempt;
    this.#cutAll();
    wire.current = true;
    if (this.#since === undefined) {
      this.#since = { epoch: BigInt(this.#epoch), seq: this.#append(said(0, 0, "joined"), false) };
      wire.down = []; // its JOINED is part of the Welcome's state
    }
    const { kind, history } = this.#recover(hello.resume);
    const state = { epoch: BigInt(this.#epoch), snapshotSeq: BigInt(this.#seq), memberSince: this.#since };
    wire.down.push(welcomed({ ...state, instanceKnown, lastNumber: this.#last }, kind, history.length), ...history);
  }

  #recover(resume: Resume | undefined): { kind: Recovery_Kind; history: Event[] } {
    if (resume === undefined) {
      return { kind: fresh, history: [] };
    }
    const at = this.#log.find(({ seq }) => seq === resume.lastSeq);
    const held = at?.epoch === resume.epoch;
    this.wrongEpoch ||= at !== undefined && !held && !this.#lostLog;
    if (!held || resume.lastSeq < this.#trimmed) {
      return { kind: snapshot, history: [] };
    }
    return { kind: resumed, history: this.#log.filter(({ seq, hidden }) => seq > resume.lastSeq && !hidden).map(({ event }) => event) };
  }

  #decide(wire: Wire, { number, command }: JoinRequest): void {
    const name = command.case === "chatMessage" ? command.value.text : "";
    const next = Number(this.#last) + 1;
    if (number <= this.#last) {
      wire.down.push(ack(0, Number(number), true));
    } else if (Number(number) !== next || this.refuse > 0) {
      this.refuse -= Number(number) === next ? 1 : 0;
      wire.down.push(notTaken(Number(number), next));
    } else {
      this.#last = number;
      const kind = name.replace(/\d+$/, "") as Outcome;
      this.decided.set(name, (this.decided.get(name) ?? "") + kind);
      this.order.push(name);
      this.#append(answerOf(kind, Number(number), name), false);
    }
  }

  /** append keeps an event and tells it. */
  #append(event: Event, hidden: boolean): bigint {
    event.seq = BigInt(++this.#seq);
    this.#log.push({ seq: event.seq, epoch: BigInt(this.#epoch), event, hidden });
    for (const wire of hidden ? [] : this.wires) {
      if (wire.current) {
        wire.down.push(event);
      }
    }
    return event.seq;
  }

  others(whisper: boolean): void { this.#append(said(0, 0, "other"), whisper); }
  trim(): void { this.#trimmed = BigInt(this.#seq); }

  /** remove ends the membership, as a kick or a long absence does. */
  remove(forget: boolean): void {
    if (this.#since !== undefined) {
      this.#append(said(0, 0, "left"), false);
      this.#since = undefined;
      this.#known &&= !forget;
      this.#cutAll();
    }
  }

  /** missed tells whether a kept event after seq and before this one could be seen. */
  missed(seq: bigint, event: Event): boolean {
    const at = this.#log.findIndex((entry) => entry.event === event);
    return this.#log.slice(0, Math.max(0, at)).some((entry) => entry.seq > seq && !entry.hidden);
  }

  /** forget drops what is known of the instance, whose member has left, as a full table does; a member's newest instance is always kept. */
  forget(): void {
    this.#known &&= this.#since !== undefined;
  }

  #cutAll(): void {
    for (const wire of this.wires) {
      wire.current = false;
      wire.up.length = 0;
    }
  }

  /** crash opens the room anew under another epoch, with its log or without. */
  crash(logLost: boolean): void {
    for (const wire of this.wires) {
      wire.current = false;
    }
    this.#epoch++;
    if (logLost) {
      this.#lostLog = true;
      this.#log = [];
      this.#seq = 0;
      this.#trimmed = this.#last = 0n;
      this.#since = undefined;
      this.#known = false;
    }
    this.#append(opened(0, this.#epoch), false);
  }
}

function answerOf(kind: Outcome, number: number, name: string): Event {
  switch (kind) {
    case "acked": return ack(0, number, false);
    case "rejected": return rejected(0, number);
    default: return said(0, number, name);
  }
}
