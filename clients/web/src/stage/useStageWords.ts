import { useI18n } from "vue-i18n";
import { messages } from "./messages";

/** The words of the big screen in the page's language. */
export function useStageWords() {
  const { t } = useI18n({ useScope: "local", inheritLocale: true, messages });
  return { t };
}
