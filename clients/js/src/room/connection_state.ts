import type { Goaway, Recovery } from "../protocol.js";
import type { Way } from "../way/way.js";

/** Phase is how a Room's connection stands. */
export type Phase =
  /** A try is under way; the first one if there was no recovery yet. */
  | "connecting"
  /** The server has said Welcome. */
  | "live"
  /** A try failed or a connection was lost; the next try is made at retryAt. */
  | "waiting"
  /** The Room has ended; see end. takeOver begins again. */
  | "ended";

/** End is why a Room has ended. */
export type End =
  /** leave was answered. */
  | "left"
  /** The connection was lost with a Leave on its way. */
  | "leave-unknown"
  /** The server's final Goaway; see goaway. */
  | "refused"
  /** Another tab of this browser has this person in this room; takeOver takes the place. */
  | "other-tab"
  /** There is no other token than the one that isn't accepted any more, or none could be got at all; see error. */
  | "no-token"
  /** close was called. */
  | "closed";

/** ConnectionState is how a Room's connection stands, and why. Times are of this machine's wall clock, in ms since 1970. */
export interface ConnectionState {
  readonly phase: Phase;
  /** Since when it is in this phase. */
  readonly since: number;
  /** Tries to connect so far. */
  readonly attempt: number;
  /** waiting: when the next try is made. */
  readonly retryAt?: number | undefined;
  /** How the newest Welcome went on from what was known, and why; none: there was no Welcome yet. */
  readonly recovery?: Recovery | undefined;
  /** waiting, connecting, ended: what the server said last, if it ended the last connection. */
  readonly goaway?: Goaway | undefined;
  /** waiting, connecting, ended: why the last connection ended, if the server didn't say it by a Goaway. */
  readonly error?: Error | undefined;
  /** ended: why. */
  readonly end?: End | undefined;
  /** How the newest connection travels, with the reason if that isn't the websocket. */
  readonly way?: Way | undefined;
}
