import type { NowPlaying, TrackInfo } from "@singoff/client/protocol";
import { NowPlaying_State, Role } from "@singoff/client/protocol";
import {
  computed, effectScope, getCurrentScope, onScopeDispose, readonly, shallowReadonly, shallowRef, watch, watchEffect,
  type ComputedRef, type EffectScope, type Ref, type ShallowRef,
} from "vue";
import { mediaURL } from "@/battle/useTracks";
import { useRoom, type BattleRoom } from "@/battle/useRoom";
import { useClient } from "@/shell/client";
import { whereabouts } from "@/shell/preferences";
import { SteadyClock } from "./clock";
import { noLyrics, readLyrics, type Lyrics } from "./lyrics";
import { Player, type PlayerState } from "./player";
import { momentAt, type Moment } from "./position";
import { ahead, volume } from "./preferences";
import { shelfOf, type Shelf } from "./shelf";
import { audioSound, rateIsHeard } from "./sound";
import type { Doubt } from "./trust";
import { useMediaSession, type SongShown } from "./useMediaSession";
import { useTrust } from "./useTrust";
import { useWakeLock } from "./useWakeLock";

/** The room's music, as this page hears and shows it. */
export interface Music {
  /** The room's song; undefined: there is none. */
  now: ComputedRef<NowPlaying | undefined>;
  lyrics: Readonly<ShallowRef<Lyrics>>;
  /** Where the song is at this moment. */
  moment(): Moment;
  /** How this device is heard. */
  player: Readonly<ShallowRef<PlayerState>>;
  /** How late a start is heard here, as learned, in ms. */
  latencyMs(): number;
  /** Why what is heard here may not be in time with the room; undefined: it is. */
  doubt: Readonly<Ref<Doubt | undefined>>;
  /** Seat of the singer whose song it is, which is its colour; 0: nobody's. */
  seat: ComputedRef<number>;
  /** Whether it is one's own song. */
  mine: ComputedRef<boolean>;
  /** Whether this device is silent: by where it is, or by its own wish. */
  silent: ComputedRef<boolean>;
  /** Silences this device, or lets it be heard; to be called within a person's act. */
  hear(wanted: boolean): void;
  /** Makes use of a person's act: what the browser refused is heard now. */
  unlock(): void;
  /** Plays more softly for a while, for what is listened to beside the song. */
  soften(softly: boolean): void;
  /** Keeps the screen on, whether a song plays or not. */
  stayAwake(): void;
  /** The device is heard wherever it is: a big screen. */
  loud(): void;
}

const soundsAtMost = 3;
const softly = 0.12;

let shared: { music: Music; scope: EffectScope; users: number; battle: BattleRoom } | undefined;

/** The page's music. It is one for all components, and ends with the last of them. */
export function useMusic(): Music {
  const battle = useRoom();
  const client = useClient();
  if (shared?.battle !== battle) {
    shared?.scope.stop();
    const scope = effectScope(true);
    const music = scope.run(() => makeMusic(battle, shelfOf(client), client.music)) as Music;
    shared = { music, scope, users: 0, battle };
  }
  const mine = shared;
  mine.users += 1;
  if (getCurrentScope() !== undefined) {
    onScopeDispose(() => {
      mine.users -= 1;
      if (mine.users === 0) {
        mine.scope.stop();
        shared = shared === mine ? undefined : shared;
      }
    });
  }
  return mine.music;
}

type LyricsCall = ReturnType<typeof useClient>["music"];

function makeMusic(battle: BattleRoom, shelf: Shelf, calls: LyricsCall): Music {
  const clock = roomClock(battle);
  const sounds = Array.from({ length: soundsAtMost }, () => audioSound());
  const player = new Player({
    clock,
    sounds,
    find: (trackId, fresh) => shelf.find(trackId, fresh, mediaURL),
    rateIsHeard: rateIsHeard(),
  });
  const state = shallowRef(player.state);
  onScopeDispose(player.on((next) => (state.value = next)));
  onScopeDispose(() => player.close());

  const now = computed(() => {
    const playing = battle.state.value?.nowPlaying;
    return playing?.state === NowPlaying_State.STOPPED ? undefined : playing;
  });
  const trackId = computed(() => now.value?.track?.trackId ?? "");
  const { info, lyrics } = ofTrack(trackId, shelf, calls);
  const mutedHere = shallowRef(false);
  const always = shallowRef(false);
  const soft = shallowRef(false);
  const silent = computed(() => mutedHere.value || (whereabouts.value === "room" && !always.value));

  watchEffect(() => player.follow(now.value));
  watchEffect(() => player.preload(battle.state.value?.inRole(Role.SINGER).map((m) => m.pick?.trackId ?? "") ?? []));
  watchEffect(() => player.set({ silent: silent.value, volume: volume.value * (soft.value ? softly : 1), aheadMs: ahead.value }));
  watch(state, ({ skewMs }) => battle.room.value?.reportSkew(skewMs));

  const unlock = () => {
    if (navigator.userActivation?.isActive ?? true) {
      player.unlock();
    }
  };
  const firstActs = ["pointerup", "keydown"] as const; // whatever a person does first opens the sounds for good
  firstActs.forEach((act) => addEventListener(act, unlock, { capture: true, passive: true }));
  onScopeDispose(() => firstActs.forEach((act) => removeEventListener(act, unlock, { capture: true })));

  function hear(wanted: boolean): void {
    if (wanted) {
      whereabouts.value = "elsewhere";
      unlock();
    }
    mutedHere.value = !wanted;
  }

  const kept = shallowRef(false);
  useWakeLock(computed(() => kept.value || now.value?.state === NowPlaying_State.PLAYING));
  const moment = () => momentAt(now.value, clock.now());
  useMediaSession({ song: () => songShown(now.value, info.value), playing: () => state.value.phase === "playing", moment }, hear);

  const doubt = useTrust(() => {
    const measured = battle.room.value?.clock;
    return { roundTrip: measured?.roundTrip ?? 0, partings: measured?.partings ?? 0, skewMs: state.value.skewMs };
  });

  return {
    now, lyrics, moment, silent, hear, unlock, doubt,
    player: shallowReadonly(state),
    latencyMs: () => player.latencyMs,
    seat: computed(() => battle.state.value?.member(now.value?.singerMemberId ?? "")?.seat ?? 0),
    mine: computed(() => now.value !== undefined && now.value.singerMemberId === battle.selfId.value),
    soften: (wanted) => (soft.value = wanted),
    stayAwake: () => (kept.value = true),
    loud: () => (always.value = true),
  };
}

/** The server's clock, without jumps, of whichever room the page is in. */
function roomClock(battle: BattleRoom): { now(): number } {
  const own = new SteadyClock({ now: () => Date.now() });
  const steady = shallowRef(own);
  watch(
    battle.room,
    (room) => {
      steady.value = room === undefined ? own : new SteadyClock(room.clock);
    },
    { immediate: true, flush: "sync" },
  );
  return { now: () => steady.value.now() };
}

/** What the catalogue knows of the song. */
function ofTrack(trackId: Ref<string>, shelf: Shelf, calls: LyricsCall) {
  const info = shallowRef<TrackInfo>();
  const lyrics = shallowRef<Lyrics>(noLyrics);
  watch(
    trackId,
    async (id) => {
      info.value = undefined;
      lyrics.value = noLyrics;
      if (id === "") {
        return;
      }
      const [found, answer] = await Promise.allSettled([shelf.get(id), calls.getLyrics({ trackId: id })]);
      if (trackId.value === id) {
        info.value = found.status === "fulfilled" ? found.value : undefined;
        // No lyrics, a server that doesn't know the call, or one that can't be reached: the song is sung by heart.
        lyrics.value = answer.status === "fulfilled" ? readLyrics(answer.value) : noLyrics;
      }
    },
    { immediate: true },
  );
  return { info: readonly(info) as Readonly<ShallowRef<TrackInfo | undefined>>, lyrics: shallowReadonly(lyrics) };
}

function songShown(now: NowPlaying | undefined, info: TrackInfo | undefined): SongShown | undefined {
  return now?.track && { title: now.track.title, artist: now.track.artist, cover: mediaURL(info?.stageCoverUrl || info?.coverUrl) };
}
