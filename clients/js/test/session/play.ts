import { create } from "@bufbuild/protobuf";
import { expect } from "vitest";
import { HelloSchema, type Event, type Hello } from "../../src/index.js";
import { Session, type SessionConfig } from "../../src/session/session.js";
import { chat } from "../events.js";

/** Play drives a Session by hand and notes, in one word each, what it sends and reports. */
export class Play {
  readonly session: Session;
  readonly #names = new Map<number, string>();
  #notes: string[] = [];

  constructor(config: Partial<SessionConfig> = {}) {
    const hello = create(HelloSchema, { roomId: "friday", nickname: "Mina", instance: "i1" });
    this.session = new Session({ hello, takeOver: true, ...config });
  }

  queue(...texts: string[]): this {
    for (const text of texts) {
      const id = this.session.queue(chat(text));
      expect(id, `queue(${text})`).toBeDefined();
      this.#names.set(id ?? 0, text);
    }
    return this.look();
  }

  connect(): Hello {
    const hello = this.session.connect();
    this.look();
    if (hello === undefined) {
      throw new Error("connect: the session has ended");
    }
    return hello;
  }

  receive(...events: Event[]): this {
    for (const event of events) {
      this.session.receive(event);
      this.look();
    }
    return this;
  }

  lost(): this {
    this.session.lost();
    return this.look();
  }

  /** look notes what was reported and sent since the last look. */
  look(): this {
    for (const { id, outcome } of this.session.takeResults()) {
      this.#notes.push(`${this.#names.get(id) ?? "?"}=${outcome}`);
    }
    for (let sent = this.session.next(); sent !== undefined; sent = this.session.next()) {
      const text = sent.command.case === "chatMessage" ? sent.command.value.text : sent.command.case ?? "nothing";
      this.#notes.push(`${sent.number}:${text}`);
    }
    return this;
  }

  /** notes are what was noted since the last call. */
  notes(): string {
    const notes = this.#notes.join("  ");
    this.#notes = [];
    return notes;
  }
}
