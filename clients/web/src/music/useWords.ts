import { useI18n } from "vue-i18n";
import { messages } from "./messages";

/** The words of the music in the page's language. */
export function useWords() {
  const { t, n, locale } = useI18n({ useScope: "local", inheritLocale: true, messages });
  return { t, n, locale };
}

/** What gives the words, for parts of which there are many: to make it takes longer than to draw one of them. */
export type Words = ReturnType<typeof useWords>["t"];
