import { Vote_Choice } from "@singoff/client/protocol";
import { useNotices } from "@/shell/useNotices";
import { useRoom } from "./useRoom";

/** One's own votes as the page shows them: what was just asked for, until the room has answered. */
export interface Votes {
  /** The standing vote for a singer, or the one that is on its way. */
  own(singerMemberId: string): Vote_Choice;
  /** Votes; the same choice again takes the vote back. */
  toggle(singerMemberId: string, choice: Vote_Choice.UP | Vote_Choice.DOWN): void;
}

export function useVotes(): Votes {
  const { room, state, pending } = useRoom();
  const notices = useNotices();

  function own(singerMemberId: string): Vote_Choice {
    for (const { command } of [...pending.value].reverse()) {
      if (command.case === "vote" && command.value.singerMemberId === singerMemberId) {
        return command.value.choice;
      }
    }
    return state.value?.ownVote(singerMemberId) ?? Vote_Choice.NONE;
  }

  function toggle(singerMemberId: string, choice: Vote_Choice.UP | Vote_Choice.DOWN): void {
    const next = own(singerMemberId) === choice ? Vote_Choice.NONE : choice;
    notices.watch(room.value?.vote(singerMemberId, next));
  }

  return { own, toggle };
}
