import { create } from "@bufbuild/protobuf";
import { TimestampSchema, type Timestamp } from "@bufbuild/protobuf/wkt";

/** msOf is a Timestamp in ms since 1970, with its fractions. */
export function msOf(timestamp: Timestamp): number;
export function msOf(timestamp: Timestamp | undefined): number | undefined;
export function msOf(timestamp: Timestamp | undefined): number | undefined {
  return timestamp && Number(timestamp.seconds) * 1000 + timestamp.nanos / 1e6;
}

/** timestampOf is a Timestamp of ms since 1970, to the nanosecond. */
export function timestampOf(ms: number): Timestamp {
  const seconds = Math.floor(ms / 1000);
  const nanos = Math.min(999_999_999, Math.round((ms - seconds * 1000) * 1e6));
  return create(TimestampSchema, { seconds: BigInt(seconds), nanos });
}

/** TimeSource is where times come from. */
export interface TimeSource {
  /** The wall clock, in ms since 1970. */
  wall(): number;
  /** A clock that only runs forward, in ms since any moment. */
  steady(): number;
}

/** The clocks of this machine. */
export const localTime: TimeSource = {
  wall: () => Date.now(),
  steady: () => performance.now(),
};
