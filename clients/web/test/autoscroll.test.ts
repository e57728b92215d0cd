import { expect, test, vi } from "vitest";
import { effectScope, nextTick, ref, shallowRef } from "vue";
import { useAutoScroll } from "@/chat/useAutoScroll";

/** A box of 100 pixels that shows lines of 20. */
function list() {
  const lines = ref(10);
  const box = document.createElement("div");
  let height = 100;
  let resized = () => {};
  Object.defineProperties(box, {
    clientHeight: { get: () => height },
    scrollHeight: { get: () => 20 * lines.value },
  });
  vi.stubGlobal("ResizeObserver", class {
    constructor(told: () => void) {
      resized = told;
    }
    observe() {}
    disconnect() {}
  });
  const scope = effectScope();
  const scroll = scope.run(() => useAutoScroll(shallowRef(box), () => lines.value))!;
  const add = async (n: number) => {
    lines.value += n;
    await nextTick();
    await nextTick();
  };
  const scrollTo = (top: number) => {
    box.scrollTop = top;
    box.dispatchEvent(new Event("scroll"));
  };
  const shrink = (to: number) => (height = to);
  return { box, scroll, add, scrollTo, shrink, resized: () => resized(), stop: () => scope.stop() };
}

test("the end is followed", async () => {
  const { box, scroll, add, stop } = list();
  await add(5);
  expect(box.scrollTop).toBe(300);
  expect(scroll.unread.value).toBe(0);
  stop();
});

test("a reader who has scrolled up stays there, and learns how many lines came", async () => {
  const { box, scroll, add, scrollTo, stop } = list();
  scrollTo(10);
  await add(2);
  await add(1);
  expect(box.scrollTop).toBe(10);
  expect(scroll.unread.value).toBe(3);
  scroll.toEnd();
  expect(box.scrollTop).toBe(260);
  expect(scroll.unread.value).toBe(0);
  await add(1);
  expect(box.scrollTop).toBe(280);
  stop();
});

test("who scrolls back to the end follows it again", async () => {
  const { box, scroll, add, scrollTo, stop } = list();
  scrollTo(10);
  await add(1);
  scrollTo(100);
  expect(scroll.unread.value).toBe(0);
  await add(1);
  expect(box.scrollTop).toBe(240);
  stop();
});

// A phone's keyboard, or a turned phone, makes the box smaller in steps: the event of the step before came when it was smaller already, and looked as if
// the reader had left the end. What was said then stayed unseen.
test("a box that becomes smaller stays at its end", () => {
  const { box, scrollTo, shrink, resized, stop } = list();
  shrink(60);
  resized();
  expect(box.scrollTop).toBe(200);
  shrink(40);
  scrollTo(140);
  resized();
  expect(box.scrollTop).toBe(200);
  scrollTo(20); // a reader
  resized();
  expect(box.scrollTop).toBe(20);
  stop();
});
