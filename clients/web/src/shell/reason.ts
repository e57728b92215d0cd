import { Rejected } from "@singoff/client";
import { Rejected_Reason } from "@singoff/client/protocol";
import { useI18n } from "vue-i18n";

/** The page's words for what a server refuses; what has none is told in the server's. */
const words = {
  [Rejected_Reason.NOT_TAKEN]: "notTaken",
  [Rejected_Reason.NOT_ALLOWED]: "notAllowed",
  [Rejected_Reason.NO_SUCH_MEMBER]: "noMember",
  [Rejected_Reason.NICKNAME_TAKEN]: "nameTaken",
  [Rejected_Reason.NO_SUCH_TRACK]: "noSong",
  [Rejected_Reason.TRACK_GONE]: "songGone",
  [Rejected_Reason.NO_PICK]: "noPick",
  [Rejected_Reason.ALREADY_PLAYING]: "plays",
  [Rejected_Reason.NOT_PLAYING]: "silent",
  [Rejected_Reason.ROOM_LIMIT]: "full",
  [Rejected_Reason.NOT_CONNECTED]: "away",
} as const;

type Known = keyof typeof words;

/** Why something failed, in the reader's language. */
export function useReason(): (error: unknown) => string {
  const { t } = useI18n();
  return (error) => {
    if (error instanceof Rejected) {
      const word = error.field === "presence.nickname" && error.reason === Rejected_Reason.INVALID ? "name" : words[error.reason as Known];
      return word === undefined ? error.message : t(`refusal.${word}`);
    }
    return error instanceof Error ? error.message : String(error);
  };
}
