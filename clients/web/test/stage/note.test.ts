import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { createApp, defineComponent, h, nextTick, shallowRef } from "vue";
import type { Doubt } from "@/music/trust";
import { i18n } from "@/shell/i18n";
import StageFoot from "@/stage/StageFoot.vue";
import { useStageNote } from "@/stage/useStageNote";

const doubt = shallowRef<Doubt>();
vi.mock("@/music/useMusic", () => ({ useMusic: () => ({ doubt }) }));

beforeEach(() => void vi.useFakeTimers());
afterEach(() => {
  doubt.value = undefined;
  i18n.global.locale.value = "en";
  vi.useRealTimers();
});

/** The foot of a big screen that shows its note. */
function foot(mayGoDark: boolean) {
  const element = document.createElement("div");
  let told!: ReturnType<typeof useStageNote>;
  const app = createApp(defineComponent(() => {
    told = useStageNote(mayGoDark);
    return () => h(StageFoot, { roomId: "friday", passing: [], next: "", audience: 3, note: told.note.value });
  }));
  app.use(i18n).mount(element);
  return { app, tell: told.tell, said: () => element.querySelector(".audience [role=status]")?.textContent?.trim() };
}

describe("the big screen's note", () => {
  // The player of a phone said that time can't be trusted; the screen that plays for the whole hall didn't.
  it.each([
    ["net", "The net is slow here", "네트워크가 느려서"],
    ["clock", "clock is unsteady", "시계가 고르지 않아서"],
    ["device", "can't keep up", "지금 바빠서"],
  ] as const)("says that its sound may be out of time for want of a good %s, and no longer once it is", async (why, english, korean) => {
    const { app, said } = foot(false);
    expect(said()).toBe("");
    doubt.value = why;
    await nextTick();
    expect(said()).toContain(english);
    i18n.global.locale.value = "ko";
    await nextTick();
    expect(said()).toContain(korean);
    doubt.value = undefined;
    await nextTick();
    expect(said()).toBe("");
    app.unmount();
  });

  it("says for a moment what a key did, then what is doubted, else that it may go dark", async () => {
    const { app, tell, said } = foot(true);
    expect(said()).toContain("This screen may go dark");
    doubt.value = "net";
    tell("Loudness 90 %");
    await nextTick();
    expect(said()).toBe("· Loudness 90 %");
    await vi.advanceTimersByTimeAsync(2000);
    tell("Loudness 80 %");
    await vi.advanceTimersByTimeAsync(2000);
    expect(said()).toBe("· Loudness 80 %");
    await vi.advanceTimersByTimeAsync(600);
    expect(said()).toContain("The net is slow here");
    doubt.value = undefined;
    await nextTick();
    expect(said()).toContain("This screen may go dark");
    app.unmount();
  });
});
