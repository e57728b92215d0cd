import type { Client, JoinOptions, Room, RoomEvent } from "@singoff/client";
import { computed, inject, onScopeDispose, provide, shallowReadonly, shallowRef, triggerRef, watch, type InjectionKey } from "vue";
import type { ComputedRef, ShallowRef } from "vue";

/** The room that this page is in, for all components: what the SDK shows, made reactive. */
export interface BattleRoom {
  /** The SDK's room, for its commands; undefined: the page is in none. */
  room: Readonly<ShallowRef<Room | undefined>>;
  /** The room as it is now; undefined until the first Welcome. A new object with each change. */
  state: ComputedRef<Room["state"] | undefined>;
  /** How the connection is. */
  connection: ComputedRef<Room["connection"] | undefined>;
  /** Commands without an answer yet, for what is shown ahead of it. */
  pending: ComputedRef<Room["pending"]>;
  /** One's own member id; empty before the first Welcome. */
  selfId: ComputedRef<string>;
  /** Enters a room, out of the one before if there is one. */
  join(options: JoinOptions): Room;
  /** Gives up the page's room, without a word to the server: say `room.leave()` before. */
  close(): void;
}

const key: InjectionKey<BattleRoom> = Symbol("room");

/** Gives all components below the page's room. It is closed with the component's scope. */
export function provideRoom(client: Client): BattleRoom {
  const battle = battleRoom(client);
  provide(key, battle);
  return battle;
}

/** The page's room. */
export function useRoom(): BattleRoom {
  const battle = inject(key);
  if (battle === undefined) {
    throw new Error("useRoom: no room is provided");
  }
  return battle;
}

/** Listens to the events of whichever room the page is in, while the component lives. */
export function onRoomEvent(listener: (happened: RoomEvent) => void): void {
  watch(useRoom().room, (room, _, onCleanup) => onCleanup(room?.on("event", listener) ?? (() => undefined)), { immediate: true });
}

function battleRoom(client: Client): BattleRoom {
  const room = shallowRef<Room>();
  const changes = shallowRef(0);
  let unsubscribe: (() => void)[] = [];

  function close(): void {
    unsubscribe.forEach((stop) => stop());
    unsubscribe = [];
    room.value?.close();
    room.value = undefined;
  }

  function join(options: JoinOptions): Room {
    close();
    const joined = client.join(options);
    const changed = () => {
      if (room.value === joined) {
        triggerRef(changes);
      }
    };
    unsubscribe = [joined.on("state", changed), joined.on("connection", changed), joined.on("end", changed)];
    room.value = joined;
    return joined;
  }

  /** Reads something of the room, again with each of its changes. */
  function watched<T>(read: (room: Room | undefined) => T): ComputedRef<T> {
    return computed(() => {
      void changes.value;
      return read(room.value);
    });
  }

  onScopeDispose(close);
  const state = watched((r) => r?.state);
  return {
    room: shallowReadonly(room),
    state,
    connection: watched((r) => r?.connection),
    pending: watched((r) => [...(r?.pending ?? [])]),
    selfId: computed(() => state.value?.selfId ?? ""),
    join,
    close,
  };
}
