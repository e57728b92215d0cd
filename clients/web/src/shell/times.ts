/** The hour and minute of a time in ms, as people of a language write it. */
export function clockTime(ms: number, locale: string): string {
  return new Intl.DateTimeFormat(locale, { hour: "2-digit", minute: "2-digit" }).format(ms);
}

/** Milliseconds since 1970 of a time in the protocol; undefined: it isn't set. */
export function msOf(time: { seconds: bigint; nanos: number } | undefined): number | undefined {
  return time && Number(time.seconds) * 1000 + time.nanos / 1e6;
}
