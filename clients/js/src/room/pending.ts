import type { Event, JoinRequest } from "../protocol.js";
import { NotSent, Rejected, Unknown } from "../errors.js";
import type { Result } from "../session/command.js";

/** PendingCommand was asked for and has no answer yet. */
export interface PendingCommand {
  /** The Room's own count. */
  readonly id: number;
  /** What was asked for. */
  readonly command: JoinRequest["command"];
  /** Since when, by this machine's wall clock, in ms since 1970. */
  readonly since: number;
  /** Whether it was ever sent; until then it can be withdrawn. */
  readonly sent: boolean;
}

interface Waiter {
  readonly command: PendingCommand;
  readonly resolve: (event: Event) => void;
  readonly reject: (error: Error) => void;
}

/** Pending are the commands that have no answer yet, in the order asked for. */
export class Pending {
  readonly #waiters = new Map<number, Waiter>();

  /** list is a snapshot; sent tells for each whether it was sent. */
  list(sent: (id: number) => boolean): readonly PendingCommand[] {
    return [...this.#waiters.values()].map(({ command }) => ({ ...command, sent: sent(command.id) }));
  }

  /** add waits for the answer to a command. */
  add(command: PendingCommand): Promise<Event> {
    return new Promise((resolve, reject) => {
      this.#waiters.set(command.id, { command, resolve, reject });
    });
  }

  /** settle hands a result to whoever waits for it; reason is why nothing was sent. */
  settle({ id, outcome, event }: Result, reason: string): void {
    const waiter = this.#waiters.get(id);
    this.#waiters.delete(id);
    if (waiter === undefined) {
      return;
    }
    if ((outcome === "done" || outcome === "acked") && event !== undefined) {
      waiter.resolve(event);
    } else if (outcome === "rejected" && event?.body.case === "rejected") {
      waiter.reject(new Rejected(event.body.value, event));
    } else if (outcome === "not-sent") {
      waiter.reject(new NotSent(reason));
    } else {
      waiter.reject(new Unknown(outcome === "unseen"));
    }
  }

  /** drop makes a command fail for another reason than an answer. */
  drop(id: number, error: Error): void {
    this.#waiters.get(id)?.reject(error);
    this.#waiters.delete(id);
  }
}
