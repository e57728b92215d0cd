import { Role, type Member } from "@singoff/client/protocol";
import { computed, type ComputedRef } from "vue";
import { shares } from "./share";
import { useRoom } from "./useRoom";
import { mediaURL, useTracks } from "./useTracks";

/** A place on stage, and who has it. */
export interface StageSeat {
  seat: number;
  member: Member | undefined;
}

/** The places on stage in their order, free ones too. */
export function useSeats(): ComputedRef<readonly StageSeat[]> {
  const { state } = useRoom();
  return computed(() => {
    const singers = state.value?.inRole(Role.SINGER) ?? [];
    const count = Math.max(state.value?.seats?.singers ?? 2, ...singers.map((s) => s.seat));
    return Array.from({ length: count }, (_, i) => ({ seat: i + 1, member: singers.find((s) => s.seat === i + 1) }));
  });
}

/** The large covers of what the singers have picked; undefined: none, or not known yet. */
export function useCovers(seats: () => readonly StageSeat[]): (member: Member | undefined) => string | undefined {
  const track = useTracks(() => seats().flatMap(({ member }) => member?.pick?.trackId ?? []));
  return (member) => {
    const info = track(member?.pick?.trackId);
    return mediaURL(info?.stageCoverUrl || info?.coverUrl);
  };
}

/** How the places share 100: who leads. */
export function useTug(seats: () => readonly StageSeat[]): ComputedRef<readonly { seat: number; name: string | undefined; share: number }[]> {
  const { state } = useRoom();
  return computed(() => {
    const parts = shares(seats().map(({ member }) => state.value?.tally(member?.memberId ?? "")));
    return seats().map(({ seat, member }, i) => ({ seat, name: member?.nickname, share: parts[i] ?? 0 }));
  });
}
