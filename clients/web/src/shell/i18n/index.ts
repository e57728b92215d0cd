import { computed, watchEffect, type ComputedRef } from "vue";
import { createI18n } from "vue-i18n";
import { localeChoice } from "../preferences";
import { en, type Messages } from "./en";
import { ko } from "./ko";

/** The languages there are. */
export type Locale = "ko" | "en";

/** The first of a browser's languages that the page speaks. */
export function spoken(languages: readonly string[]): Locale {
  for (const language of languages) {
    if (/^ko\b/i.test(language)) {
      return "ko";
    }
    if (/^en\b/i.test(language)) {
      return "en";
    }
  }
  return "en";
}

/** The language in use. */
export const locale: ComputedRef<Locale> = computed(() =>
  localeChoice.value === "auto" ? spoken(navigator.languages) : localeChoice.value,
);

export const i18n = createI18n<[Messages], Locale, false>({
  legacy: false,
  locale: locale.value,
  fallbackLocale: "en",
  messages: { en, ko },
});

watchEffect(() => {
  i18n.global.locale.value = locale.value;
  document.documentElement.lang = locale.value;
});
