/**
 * The TypeScript SDK of singoff: join rooms, see them as they are, say, vote, pick and play, and come back by itself.
 * Begin with Client. The protocol's own messages and enums are exported too.
 */
export { Client, type ClientOptions, type JoinOptions } from "./client.js";
export { Invalid, NotSent, Rejected, SingoffError, Unknown } from "./errors.js";
export { browserStorage, memoryStorage, type Storage } from "./identity/store.js";
export * from "./protocol.js";
export type { ServerClock } from "./room/clock.js";
export type { ConnectionState, End, Phase } from "./room/connection_state.js";
export type { Moderation as HostActs } from "./room/moderation.js";
export type { PendingCommand } from "./room/pending.js";
export { Room, type RoomEvent, type RoomEvents } from "./room/room.js";
export type { TokenSource } from "./room/token.js";
export { isId, roomId } from "./roomid.js";
export type { Kind } from "./session/session.js";
export { State } from "./state/state.js";
export { localTime, msOf, timestampOf, type TimeSource } from "./time.js";
export { WayFailure, createTransport, wayFailed, type TransportOptions, type WebSocketClass } from "./transport/index.js";
export type { Way } from "./way/way.js";
