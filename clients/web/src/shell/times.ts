/** The hour and minute of a time in ms, as people of a language write it. */
export function clockTime(ms: number, locale: string): string {
  return new Intl.DateTimeFormat(locale, { hour: "2-digit", minute: "2-digit" }).format(ms);
}
