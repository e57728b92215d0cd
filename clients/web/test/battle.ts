import { State, type Client, type ConnectionState, type PendingCommand, type Room, type RoomEvent } from "@singoff/client";
import { createApp, defineComponent, h, type App } from "vue";
import { provideRoom, useRoom, type BattleRoom } from "@/battle/useRoom";
import { i18n } from "@/shell/i18n";

type Listener = (value: never) => void;

/** A room of the SDK's shape that tells what the test says. */
export class FakeRoom {
  state: State = State.unknown;
  connection: ConnectionState = { phase: "connecting", since: 0, attempt: 1 };
  pending: readonly PendingCommand[] = [];
  limits = undefined;
  clock = { now: () => Date.now() };
  closed = false;
  readonly asked: unknown[][] = [];
  readonly #listeners = new Map<string, Set<Listener>>();

  on(name: string, listener: Listener): () => void {
    const set = this.#listeners.get(name) ?? new Set();
    this.#listeners.set(name, set.add(listener));
    return () => set.delete(listener);
  }
  emit(name: "state" | "event" | "connection", value: unknown): void {
    this.#listeners.get(name)?.forEach((listener) => listener(value as never));
  }
  become(state: State): void {
    this.state = state;
    this.emit("state", state);
  }
  connect(connection: Partial<ConnectionState>): void {
    this.connection = { since: 0, attempt: 1, phase: "live", ...connection };
    this.emit("connection", this.connection);
  }
  happen(event: RoomEvent["event"]): void {
    this.emit("event", { event, seq: event.seq, kind: "live" });
  }
  vote(...args: unknown[]): Promise<void> {
    this.asked.push(["vote", ...args]);
    return Promise.resolve();
  }
  close(): void {
    this.closed = true;
  }
  get listeners(): number {
    return [...this.#listeners.values()].reduce((sum, set) => sum + set.size, 0);
  }
}

/** Runs a composable in a component below the page's room. */
export function inBattle<T>(use: () => T): { result: T; battle: BattleRoom; room: FakeRoom; app: App } {
  const room = new FakeRoom();
  const client = { join: () => room as unknown as Room } as unknown as Client;
  let result!: T;
  let battle!: BattleRoom;
  const Child = defineComponent(() => {
    battle = useRoom();
    battle.join({ roomId: "friday", nickname: "Mina", role: 1 });
    result = use();
    return () => null;
  });
  const app = createApp(defineComponent(() => {
    provideRoom(client);
    return () => h(Child);
  }));
  app.use(i18n).mount(document.createElement("div"));
  return { result, battle, room, app };
}
