import type { Client } from "@singoff/client";
import type { TrackInfo } from "@singoff/client/protocol";
import type { Source } from "./decks";

/** The one call of the catalogue that a shelf makes. */
export type Catalogue = Pick<Client["music"], "getTracks">;

/** Signed URLs end 12 h after they were given; what is older than this, in ms, is asked for again. */
const freshForMs = 6 * 3600_000;

/** What the catalogue knows of tracks: asked for in one call where several are wanted at once, and kept for as long as its URLs hold. */
export class Shelf {
  readonly #catalogue: Catalogue;
  readonly #known = new Map<string, { info: Promise<TrackInfo | undefined>; atMs: number }>();
  #waiting = new Set<string>();
  #call: Promise<Map<string, TrackInfo>> | undefined;

  constructor(catalogue: Catalogue) {
    this.#catalogue = catalogue;
  }

  /** A track; undefined: there is none with this id. Rejects where the catalogue can't be asked. fresh: what is known isn't good any more. */
  get(trackId: string, fresh = false): Promise<TrackInfo | undefined> {
    const known = this.#known.get(trackId);
    if (known !== undefined && !fresh && Date.now() - known.atMs < freshForMs) {
      return known.info;
    }
    const info = this.#ask(trackId);
    this.#known.set(trackId, { info, atMs: Date.now() });
    info.then(
      (found) => found === undefined && this.#known.delete(trackId),
      () => this.#known.delete(trackId),
    );
    return info;
  }

  /** Where a track's audio is, and by how much it differs in loudness; as absolute says it. */
  async find(trackId: string, fresh: boolean, absolute: (url: string) => string | undefined): Promise<Source | undefined> {
    const info = await this.get(trackId, fresh);
    const url = info && absolute(info.audioUrl);
    return url ? { url, gainDb: info.gainDb ?? 0 } : undefined;
  }

  async #ask(trackId: string): Promise<TrackInfo | undefined> {
    this.#waiting.add(trackId);
    this.#call ??= Promise.resolve().then(() => this.#askAll());
    return (await this.#call).get(trackId);
  }

  async #askAll(): Promise<Map<string, TrackInfo>> {
    const trackIds = [...this.#waiting];
    this.#waiting = new Set();
    this.#call = undefined;
    const { tracks } = await this.#catalogue.getTracks({ trackIds });
    return new Map(tracks.map((info) => [info.track?.trackId ?? "", info]));
  }
}

const shelves = new WeakMap<Client, Shelf>();

/** The shelf of a client: one for all who ask, so that nothing is asked for twice. */
export function shelfOf(client: Client): Shelf {
  const shelf = shelves.get(client) ?? new Shelf(client.music);
  shelves.set(client, shelf);
  return shelf;
}
