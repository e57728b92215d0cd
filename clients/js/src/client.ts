import { create } from "@bufbuild/protobuf";
import { createClient, type Client as PromiseClient, type Interceptor, type Transport } from "@connectrpc/connect";
import { base64Encode } from "@bufbuild/protobuf/wire";
import { HelloSchema, MusicService, Role, RoomService, type ListRoomsResponse } from "./protocol.js";
import { Invalid } from "./errors.js";
import { Store, browserStorage, memoryStorage, type Storage } from "./identity/store.js";
import { Place, openChannel } from "./identity/tabs.js";
import { isId, roomId } from "./roomid.js";
import { Room } from "./room/room.js";
import { Saver } from "./room/saver.js";
import { SignIn } from "./room/sign_in.js";
import type { TokenSource } from "./room/token.js";
import { localTime, type TimeSource } from "./time.js";
import { createTransport, type WebSocketClass } from "./transport/index.js";
import { AutoLinker } from "./way/auto.js";
import { JoinLinker } from "./way/join.js";
import { WatchLinker } from "./way/watch.js";
import type { Linker } from "./way/way.js";

/** ClientOptions say which server, and as whom. */
export interface ClientOptions {
  /** Of the server's HTTP port: `http://127.0.0.1:8080`, or relative to the page: `/`, `/battle`. */
  readonly baseUrl: string;
  /** Rooms of different namespaces never see each other: `[A-Za-z0-9_-]{1,64}`. Default `default`. */
  readonly namespace?: string | undefined;
  /** A signed-in user; none: a guest, whose key is made here and kept in storage. */
  readonly identity?: { readonly token: TokenSource } | undefined;
  /** How rooms are reached: the websocket, fetch where that doesn't work; one of them; or a connect-es Transport. Default `auto`. */
  readonly transport?: "auto" | "websocket" | "fetch" | Transport | undefined;
  /** With a Transport of one's own: whether rooms are reached by Join (`websocket`), by Watch and Send (`fetch`), or as works. Default `auto`. */
  readonly way?: "auto" | "websocket" | "fetch" | undefined;
  /** Where the guest key and the newest event of each room are kept. Default localStorage, where there is one. */
  readonly storage?: Storage | undefined;
  /** Default the global fetch. */
  readonly fetch?: typeof globalThis.fetch | undefined;
  /** Default the global WebSocket. Node 20 has none: give it that of the package `ws`. */
  readonly WebSocket?: WebSocketClass | undefined;
  /** Where times come from. Default the clocks of this machine. */
  readonly clock?: TimeSource | undefined;
  /** For back-off: at least 0, below 1. Default Math.random. */
  readonly random?: (() => number) | undefined;
  /** The client's name and version, at most 64 bytes, for the operator. Default `singoff-js`. */
  readonly name?: string | undefined;
}

/** JoinOptions say which room, and as whom. */
export interface JoinOptions {
  /** `[A-Za-z0-9_-]{1,64}`; none: that of the title, by roomId. */
  readonly roomId?: string | undefined;
  /** Free text, at most 100 characters, used when this join makes the room; none: the room's id. */
  readonly title?: string | undefined;
  /** How one is shown: 1 to 32 grapheme clusters. Observers have none; for signed-in users the token may say it. */
  readonly nickname?: string | undefined;
  /** The seat asked for. */
  readonly role: Role;
  /**
   * Whether to take the place over if another instance of this person has it. Undefined: yes, as opening a page is a person's act, unless another
   * tab of this browser has it: then the Room ends with `other-tab`, and takeOver takes it. True: also from another tab. False: no.
   */
  readonly takeOver?: boolean | undefined;
  /** Which of this browser's people, each a guest of their own: any short text. Default the usual one. */
  readonly person?: string | undefined;
}

/** Client reaches one server. It holds no connection of its own: each Room has one. */
export class Client {
  readonly #options: ClientOptions;
  readonly #baseUrl: string;
  readonly #namespace: string;
  readonly #time: TimeSource;
  readonly #linker: Linker;
  readonly #storage: Storage;
  readonly #stores = new Map<string, Store>();
  readonly #calls: PromiseClient<typeof RoomService>;
  /** The catalogue of songs. */
  readonly music: PromiseClient<typeof MusicService>;
  /** The rooms that somebody is in. */
  readonly rooms: { list(page?: { pageSize?: number; pageToken?: string }, options?: { signal?: AbortSignal }): Promise<ListRoomsResponse> };
  /** A room's history in pages, as this person saw it or would have seen it live. */
  readonly listEvents: PromiseClient<typeof RoomService>["listEvents"];

  /** Throws Invalid. */
  constructor(options: ClientOptions) {
    this.#options = options;
    this.#baseUrl = absolute(options.baseUrl);
    this.#namespace = options.namespace ?? "default";
    if (!isId(this.#namespace)) {
      throw new Invalid("namespace", `"${this.#namespace}" isn't an id: 1 to 64 of A-Z a-z 0-9 _ -`);
    }
    this.#time = options.clock ?? localTime;
    this.#storage = options.storage ?? (typeof document === "undefined" ? memoryStorage() : browserStorage());
    const transport = this.#openTransport();
    this.#linker = this.#openLinker(transport);
    this.#calls = createClient(RoomService, transport);
    this.music = createClient(MusicService, transport);
    this.rooms = { list: (page, call) => this.#calls.listRooms({ ...page, namespace: this.#namespace }, call) };
    this.listEvents = (request, call) => this.#calls.listEvents({ ...request, namespace: request.namespace || this.#namespace }, call);
  }

  #openTransport(): Transport {
    const { transport, fetch, WebSocket } = this.#options;
    if (typeof transport === "object") {
      return transport;
    }
    return createTransport({
      baseUrl: this.#baseUrl, WebSocket, interceptors: [this.#identify()], ...(fetch && { fetch }),
    });
  }

  #openLinker(transport: Transport): Linker {
    const asked = this.#options.transport;
    switch (typeof asked === "object" ? this.#options.way : asked) {
      case "fetch":
        return new WatchLinker(transport);
      case "websocket":
        return new JoinLinker(transport);
      default:
        return new AutoLinker({ websocket: new JoinLinker(transport), fetch: new WatchLinker(transport), time: this.#time });
    }
  }

  /** identify says who asks, with calls that are answered by who asks, and of which namespace's songs; a Hello says it itself. */
  #identify(): Interceptor {
    return (next) => async (request) => {
      if (request.service === MusicService) {
        request.header.set("singoff-namespace", this.#namespace); // what was played lately, and the addresses of songs, are a namespace's own
      }
      if (!request.stream && request.method !== RoomService.method.send) {
        const { identity } = this.#options;
        if (identity !== undefined) {
          request.header.set("authorization", `Bearer ${await identity.token()}`);
        } else if (request.method === RoomService.method.listEvents) {
          request.header.set("singoff-guest-key", base64Encode(this.#store("").guestKey(), "url"));
        }
      }
      return next(request);
    };
  }

  /** store is that of one of this browser's people: one for all their rooms, so that they are the same guest even where nothing can be kept. */
  #store(person: string): Store {
    const store = this.#stores.get(person) ?? new Store({ storage: this.#storage, baseUrl: this.#baseUrl, namespace: this.#namespace, person });
    this.#stores.set(person, store);
    return store;
  }

  /** join joins a room, and comes back to it by itself from then on. It doesn't wait: see Room.ready and Room.connection. Throws Invalid. */
  join(options: JoinOptions): Room {
    const id = check(options, this.#options.identity !== undefined);
    const { title = "", nickname = "", role, takeOver, person = "" } = options;
    const store = this.#store(person);
    const observes = role === Role.OBSERVER;
    const { identity, name = "singoff-js", random = Math.random } = this.#options;
    return new Room({
      hello: create(HelloSchema, {
        namespace: this.#namespace, roomId: id, roomTitle: title, role, nickname: observes ? "" : nickname, client: name,
        ...(identity === undefined && { guestKey: store.guestKey() }),
      }),
      resume: observes ? undefined : store.resume(id),
      saver: observes ? undefined : new Saver(store, id),
      place: this.#place(observes ? undefined : `${this.#baseUrl} ${this.#namespace}/${id} ${person}`),
      linker: this.#linker, signIn: new SignIn(identity?.token), time: this.#time, random,
      begin: takeOver === undefined ? "ask" : takeOver ? "take-over" : "humble",
    });
  }

  #place(place: string | undefined): Place {
    const name = base64Encode(crypto.getRandomValues(new Uint8Array(16)), "url");
    return new Place(place === undefined ? () => undefined : openChannel, place ?? "", name);
  }
}

/** check gives the room's id. Throws Invalid. */
function check({ roomId: id, title, nickname, role }: JoinOptions, signedIn: boolean): string {
  if (!id && !title) {
    throw new Invalid("roomId", "is empty, and so is title");
  }
  if (id && !isId(id)) {
    throw new Invalid("roomId", `"${id}" isn't an id: 1 to 64 of A-Z a-z 0-9 _ -`);
  }
  const characters = Array.from(title ?? "").length;
  if (characters > 100) {
    throw new Invalid("title", `is ${characters} characters long, at most 100 are allowed`);
  }
  if (!nickname && !signedIn && role !== Role.OBSERVER) {
    throw new Invalid("nickname", "is empty; 1 to 32 characters are needed");
  }
  return id || roomId(title ?? "");
}

/** absolute is a base URL without a slash at its end. Throws Invalid. */
function absolute(baseUrl: string): string {
  const { location } = globalThis as { location?: { href: string } };
  let url: URL;
  try {
    url = new URL(baseUrl, location?.href);
  } catch {
    throw new Invalid("baseUrl", `"${baseUrl}" isn't a URL like http://127.0.0.1:8080`);
  }
  if (url.protocol !== "http:" && url.protocol !== "https:") {
    throw new Invalid("baseUrl", `"${baseUrl}" must begin with http:// or https://`);
  }
  return url.origin + url.pathname.replace(/\/+$/, "");
}
