import { NowPlaying_State, type NowPlaying } from "@singoff/client/protocol";

/** Where the room's song is at one moment of the server's clock. */
export interface Moment {
  /** none: there is no song; counting: it starts in a moment; over: it has reached its end and the event that says so is on its way. */
  phase: "none" | "counting" | "playing" | "paused" | "over";
  /** Position in the song, in ms; while counting, the position it will start from. */
  positionMs: number;
  /** While counting: in how many ms it starts; else 0. */
  startsInMs: number;
  /** Length of the song in ms; 0: unknown. */
  lengthMs: number;
}

/** What the protocol's durations and times have in common. */
interface Span {
  seconds: bigint;
  nanos: number;
}

/** A duration, or a time since 1970, in ms; 0 if it is unset. */
export function milliseconds(span: Span | undefined): number {
  return span === undefined ? 0 : Number(span.seconds) * 1000 + span.nanos / 1e6;
}

/** A duration as the protocol has it. */
export function seconds(ms: number): Span {
  const whole = Math.floor(ms / 1000);
  return { seconds: BigInt(whole), nanos: Math.round((ms - whole * 1000) * 1e6) };
}

/** Where the song is when the server's clock shows serverMs. */
export function momentAt(now: NowPlaying | undefined, serverMs: number): Moment {
  if (now === undefined || now.state === NowPlaying_State.UNSPECIFIED || now.state === NowPlaying_State.STOPPED) {
    return { phase: "none", positionMs: 0, startsInMs: 0, lengthMs: 0 };
  }
  const lengthMs = milliseconds(now.track?.duration);
  const from = milliseconds(now.position);
  if (now.state === NowPlaying_State.PAUSED) {
    return { phase: "paused", positionMs: from, startsInMs: 0, lengthMs };
  }
  const gone = serverMs - milliseconds(now.startsAt);
  if (gone < 0) {
    return { phase: "counting", positionMs: from, startsInMs: -gone, lengthMs };
  }
  const positionMs = from + gone;
  if (lengthMs > 0 && positionMs >= lengthMs) {
    return { phase: "over", positionMs: lengthMs, startsInMs: 0, lengthMs };
  }
  return { phase: "playing", positionMs, startsInMs: 0, lengthMs };
}

/** A position as people read it: 1:05, or 1:01:05. */
export function clockText(ms: number): string {
  const whole = Math.max(0, Math.floor(ms / 1000));
  const two = (n: number) => String(n).padStart(2, "0");
  const minutes = Math.floor(whole / 60);
  if (minutes < 60) {
    return `${minutes}:${two(whole % 60)}`;
  }
  return `${Math.floor(minutes / 60)}:${two(minutes % 60)}:${two(whole % 60)}`;
}
