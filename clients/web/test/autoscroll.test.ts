import { expect, test, vi } from "vitest";
import { effectScope, nextTick, ref, shallowRef } from "vue";
import { useAutoScroll } from "@/chat/useAutoScroll";

/** A box of 100 pixels that shows lines of 20. */
function list() {
  const lines = ref(10);
  const box = document.createElement("div");
  Object.defineProperties(box, {
    clientHeight: { get: () => 100 },
    scrollHeight: { get: () => 20 * lines.value },
  });
  vi.stubGlobal("ResizeObserver", class { observe() {} disconnect() {} });
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
  return { box, scroll, add, scrollTo, stop: () => scope.stop() };
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
