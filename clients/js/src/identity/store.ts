import { create } from "@bufbuild/protobuf";
import { base64Decode, base64Encode } from "@bufbuild/protobuf/wire";
import { ResumeSchema, type Resume } from "../protocol.js";

/** Storage keeps texts under keys; localStorage is one. Its methods may throw: then nothing is kept, or known. */
export interface Storage {
  getItem(key: string): string | null;
  setItem(key: string, value: string): void;
}

/** memoryStorage keeps texts as long as the page lives. */
export function memoryStorage(): Storage {
  const items = new Map<string, string>();
  return {
    getItem: (key) => items.get(key) ?? null,
    setItem: (key, value) => { items.set(key, value); },
  };
}

/** browserStorage is localStorage, or memory where there is none or it is forbidden. */
export function browserStorage(): Storage {
  try {
    const { localStorage } = globalThis as { localStorage?: Storage };
    if (localStorage !== undefined) {
      localStorage.getItem("singoff");
      return localStorage;
    }
  } catch {
    // Forbidden by the browser's settings.
  }
  return memoryStorage();
}

const guestKeyBytes = 16;

/** StoreConfig names what a Store keeps. */
export interface StoreConfig {
  readonly storage: Storage;
  /** Of the server; keys of one are worth nothing to another. */
  readonly baseUrl: string;
  readonly namespace: string;
  /** Which of this browser's people; empty: the usual one. */
  readonly person: string;
}

/** Store keeps who a person is on one server, and where they stopped in each room. */
export class Store {
  readonly #config: StoreConfig;
  #guestKey: Uint8Array | undefined;

  constructor(config: StoreConfig) {
    this.#config = config;
  }

  /** guestKey is the person's secret, 16 bytes; it is made, and kept, when there is none. Whoever has it is them. */
  guestKey(): Uint8Array {
    if (this.#guestKey === undefined) {
      this.#guestKey = bytesOf(this.#read("guest")) ?? this.#makeKey();
    }
    return this.#guestKey;
  }

  #makeKey(): Uint8Array {
    const key = crypto.getRandomValues(new Uint8Array(guestKeyBytes));
    this.#write("guest", base64Encode(key, "url"));
    return key;
  }

  /** resume is where the person stopped in a room; undefined: nowhere. */
  resume(roomId: string): Resume | undefined {
    const match = /^(\d{1,20}) (\d{1,20})$/.exec(this.#read(this.#roomItem(roomId)) ?? "");
    if (match === null) {
      return undefined;
    }
    const [epoch, lastSeq] = [BigInt(match[1] ?? 0), BigInt(match[2] ?? 0)];
    const uint64 = 1n << 64n;
    return epoch < uint64 && lastSeq < uint64 ? create(ResumeSchema, { epoch, lastSeq }) : undefined;
  }

  /** keep keeps where the person stopped in a room. */
  keep(roomId: string, resume: Resume): void {
    this.#write(this.#roomItem(roomId), `${resume.epoch} ${resume.lastSeq}`);
  }

  #roomItem(roomId: string): string { return `resume ${this.#config.namespace}/${roomId}`; }

  #key(item: string): string { return `singoff ${this.#config.baseUrl} ${this.#config.person} ${item}`; }

  #read(item: string): string | null {
    try {
      return this.#config.storage.getItem(this.#key(item));
    } catch {
      return null;
    }
  }

  #write(item: string, value: string): void {
    try {
      this.#config.storage.setItem(this.#key(item), value);
    } catch {
      // Full, or forbidden: the page lives without it, and a reload is somebody new.
    }
  }
}

function bytesOf(text: string | null): Uint8Array | undefined {
  try {
    const bytes = base64Decode(text ?? "");
    return bytes.length === guestKeyBytes ? bytes : undefined;
  } catch {
    return undefined;
  }
}
