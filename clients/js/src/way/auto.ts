import { wayFailed } from "../transport/index.js";
import type { Hello, JoinResponse, WatchResponse } from "../protocol.js";
import type { TimeSource } from "../time.js";
import { Silence, type Link, type Linker } from "./way.js";

/** So many failures of the websocket, one after the other, make AutoLinker fall back. */
const failuresAtMost = 2;
/** A websocket that breaks before it is this old has failed. */
const youngMs = 5_000;
/** So long after the last failure of the websocket a new link tries it once more: the network may be another one. */
const tryAgainAfterMs = 60_000;

/** AutoConfig says what AutoLinker chooses from. */
export interface AutoConfig {
  /** Preferred. */
  readonly websocket: Linker;
  /** Used where the websocket doesn't work. */
  readonly fetch: Linker;
  readonly time: TimeSource;
}

/**
 * AutoLinker opens links by the websocket. When that has failed twice in a row it takes fetch: failed means that the websocket didn't open, or
 * broke before a Welcome or within its first seconds. What the server itself says, by a Goaway or a status, is no failure.
 *
 * It goes back to the websocket with the first link that is opened a minute after its last failure, and at once when fetch fails as well. Then
 * one failure is enough to fall back again.
 */
export class AutoLinker implements Linker {
  readonly #config: AutoConfig;
  #failures = 0; // of the websocket, one after the other
  #reason = ""; // of the last one
  #failedAt = 0;

  constructor(config: AutoConfig) {
    this.#config = config;
  }

  open(hello: Hello, signal: AbortSignal): Link {
    if (this.#failures >= failuresAtMost && this.#config.time.wall() - this.#failedAt >= tryAgainAfterMs) {
      this.#failures = failuresAtMost - 1;
    }
    if (this.#failures < failuresAtMost) {
      const link = this.#config.websocket.open(hello, signal);
      return { ...link, responses: this.#watchSocket(link.responses, signal), send: (message) => { link.send(message); } };
    }
    const link = this.#config.fetch.open(hello, signal);
    const way = { kind: "fetch", reason: this.#reason } as const;
    return { way, responses: this.#watchFetch(link.responses, signal), send: (message) => { link.send(message); } };
  }

  async *#watchSocket(responses: AsyncIterable<JoinResponse | WatchResponse>, signal: AbortSignal): AsyncGenerator<JoinResponse | WatchResponse> {
    const opened = this.#config.time.steady();
    const old = (): boolean => this.#config.time.steady() - opened >= youngMs;
    const seen = { welcome: false, goaway: false };
    try {
      for await (const response of responses) {
        note(seen, response);
        if (seen.welcome && old()) {
          this.#failures = 0;
        }
        yield response;
      }
    } catch (error) {
      if (!seen.goaway && (!seen.welcome || !old()) && isFailure(error, signal)) {
        this.#failures = Math.min(this.#failures + 1, failuresAtMost);
        this.#reason = reasonOf(error, signal);
        this.#failedAt = this.#config.time.wall();
      }
      throw error;
    }
  }

  async *#watchFetch(responses: AsyncIterable<JoinResponse | WatchResponse>, signal: AbortSignal): AsyncGenerator<JoinResponse | WatchResponse> {
    const seen = { welcome: false, goaway: false };
    try {
      for await (const response of responses) {
        note(seen, response);
        yield response;
      }
    } catch (error) {
      if (!seen.goaway && !seen.welcome && isFailure(error, signal)) {
        this.#failures = Math.min(this.#failures, failuresAtMost - 1);
      }
      throw error;
    }
  }
}

function note(seen: { welcome: boolean; goaway: boolean }, response: JoinResponse | WatchResponse): void {
  for (const { body } of response.events) {
    seen.welcome ||= body.case === "welcome";
    seen.goaway ||= body.case === "goaway";
  }
}

/** isFailure tells whether a link ended by the fault of its way, and by no wish of one's own. */
function isFailure(error: unknown, signal: AbortSignal): boolean {
  return signal.aborted ? signal.reason instanceof Silence : wayFailed(error);
}

function reasonOf(error: unknown, signal: AbortSignal): string {
  const cause: unknown = signal.aborted ? signal.reason : wayFailed(error) ? error.cause : error;
  return cause instanceof Error ? cause.message : String(cause);
}
