import { Rejected_Cause, Rejected_Reason, type Event, type Rejected as Rejection } from "./protocol.js";

/** SingoffError is what commands fail with. */
export class SingoffError extends Error {
  override readonly name: string = "SingoffError";
}

/** Rejected is a command that the server refused. The Room lives on. */
export class Rejected extends SingoffError {
  override readonly name = "Rejected";
  /** Why. NOT_TAKEN: nothing was decided, and the command may be said again. */
  readonly reason: Rejected_Reason;
  /** Why a NOT_TAKEN wasn't taken. */
  readonly notTakenCause: Rejected_Cause;
  /** The field at fault, as a path in the command; may be empty. */
  readonly field: string;

  constructor(
    rejection: Rejection,
    /** The event that answered it. */
    readonly event?: Event,
  ) {
    super(rejection.message || `rejected: ${Rejected_Reason[rejection.reason]}`);
    this.reason = rejection.reason;
    this.notTakenCause = rejection.cause;
    this.field = rejection.field;
  }
}

/** Unknown is a command that was sent and whose outcome can't be told any more. It isn't repeated. */
export class Unknown extends SingoffError {
  override readonly name = "Unknown";

  constructor(
    /** True: it was decided for good, but its answer is among events that couldn't be given any more. False: whether it was isn't known. */
    readonly decided: boolean,
  ) {
    super(decided ? "decided, outcome not seen" : "outcome unknown");
  }
}

/** NotSent is a command that never was sent and never will be: it was withdrawn, or the Room is being left or has ended. */
export class NotSent extends SingoffError {
  override readonly name = "NotSent";
}

/** Invalid is an argument that is refused before anything is sent. */
export class Invalid extends SingoffError {
  override readonly name = "Invalid";

  constructor(
    /** The field at fault. */
    readonly field: string,
    problem: string,
  ) {
    super(`${field}: ${problem}`);
  }
}
