import type { Event, JoinRequest } from "../protocol.js";

/** Outcome is what became of a queued command. */
export type Outcome =
  /** It took effect; the event is its first. */
  | "done"
  /** It was decided and changed nothing; the event holds the Ack. */
  | "acked"
  /** It was refused; the event holds the Rejected. With NOT_TAKEN nothing was decided and nothing will be. */
  | "rejected"
  /** It was decided for good, and how won't be known. */
  | "unseen"
  /** It was sent, and whether it was decided won't be known. It isn't sent again. */
  | "unknown"
  /** It never was sent and never will be. */
  | "not-sent";

/** Result is the one answer to a queued command. */
export interface Result {
  /** What Session.queue gave. */
  readonly id: number;
  readonly outcome: Outcome;
  /** The event that answers it; none for unseen, unknown and not-sent. */
  readonly event?: Event | undefined;
}

/** Command is queued and has no result yet. */
export interface Command {
  readonly id: number;
  readonly request: JoinRequest;
  /** Under which it was sent last; 0: never sent. */
  number: bigint;
  /** Of the connection it was sent on last. */
  attempt: bigint;
}

/** leaves tells whether a command is the last one there can be. */
export function leaves(command: Command): boolean {
  return command.request.command.case === "leave";
}

/** isNumbered tells whether a command is sent with a number. The others are sent at most once and have no result. */
export function isNumbered(request: JoinRequest): boolean {
  switch (request.command.case) {
    case undefined: case "hello": case "reaction": case "signal": case "ping": return false;
    default: return true;
  }
}

/** outcomeOf reads an event that answers a command. */
export function outcomeOf(event: Event): Outcome {
  switch (event.body.case) {
    case "rejected": return "rejected";
    case "ack": return event.body.value.repeated ? "unseen" : "acked";
    default: return "done";
  }
}
