import { onScopeDispose, readonly, shallowRef, type Ref } from "vue";

const everyMs = 1000;
const litForMs = 90;
const scheduleAheadMs = 150;

/** A click at each full second of the room's clock, alike on all devices, to set how late this one's loudspeaker is. */
export interface Click {
  on: Readonly<Ref<boolean>>;
  /** Lights up at the moment at which the click should be heard. */
  lit: Readonly<Ref<boolean>>;
  /** To be called within a person's act. */
  start(): void;
  stop(): void;
}

/** now is the room's clock in ms; aheadMs is how much earlier this device plays. */
export function useClick(now: () => number, aheadMs: () => number): Click {
  const on = shallowRef(false);
  const lit = shallowRef(false);
  let context: AudioContext | undefined;
  let timers: ReturnType<typeof setTimeout>[] = [];

  function later(ms: number, what: () => void): void {
    timers.push(setTimeout(what, Math.max(0, ms)));
  }

  /** The browser tells how late its own way to the loudspeaker is, where it knows. */
  function sound(inMs: number): void {
    if (context === undefined) {
      return;
    }
    const latencyMs = 1000 * (context.outputLatency || context.baseLatency || 0);
    const at = context.currentTime + Math.max(0, inMs - aheadMs() - latencyMs) / 1000;
    const tone = new OscillatorNode(context, { type: "square", frequency: 1800 });
    const level = new GainNode(context, { gain: 0.2 });
    tone.connect(level).connect(context.destination);
    tone.start(at);
    tone.stop(at + 0.012);
  }

  function next(): void {
    timers = [];
    const longest = scheduleAheadMs + Math.max(0, aheadMs());
    const until = everyMs - (now() % everyMs);
    const inMs = until < longest ? until + everyMs : until;
    later(inMs - longest, () => sound(longest));
    later(inMs, () => (lit.value = true));
    later(inMs + litForMs, () => {
      lit.value = false;
      next();
    });
  }

  function start(): void {
    stop();
    context = new AudioContext();
    void context.resume();
    on.value = true;
    next();
  }

  function stop(): void {
    timers.forEach(clearTimeout);
    timers = [];
    void context?.close();
    context = undefined;
    on.value = false;
    lit.value = false;
  }

  onScopeDispose(stop);
  return { on: readonly(on), lit: readonly(lit), start, stop };
}
