import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { useComposer } from "@/chat/useComposer";

let field: HTMLTextAreaElement;
let said: string[];
let composer: ReturnType<typeof useComposer>;

beforeEach(() => {
  vi.useFakeTimers();
  said = [];
  field = document.createElement("textarea");
  composer = useComposer((text) => {
    said.push(text);
    field.value = "";
  });
  field.addEventListener("input", composer.on.input);
  field.addEventListener("keydown", composer.on.keydown);
  field.addEventListener("compositionend", composer.on.compositionend);
});
afterEach(() => vi.useRealTimers());

function write(text: string): void {
  field.value = text;
  field.dispatchEvent(new Event("input"));
}
// happy-dom's own events have neither keyCode nor data.
function key(fields: object): Event {
  const event = Object.assign(new Event("keydown", { cancelable: true }), fields);
  field.dispatchEvent(event);
  return event;
}
function endComposition(data: string): void {
  field.dispatchEvent(Object.assign(new Event("compositionend"), { data }));
}
async function settle(): Promise<string[]> {
  await vi.runAllTimersAsync();
  return said;
}

const enter = { key: "Enter", code: "Enter", keyCode: 13 };
const composingEnter = { key: "Process", code: "Enter", keyCode: 229, isComposing: true };

test("Enter sends, and keeps the line break to itself", async () => {
  write("hello");
  expect(key(enter).defaultPrevented).toBe(true);
  expect(await settle()).toEqual(["hello"]);
});

test("Shift and Enter break the line", async () => {
  write("hello");
  expect(key({ ...enter, shiftKey: true }).defaultPrevented).toBe(false);
  expect(await settle()).toEqual([]);
});

test("white space alone is nothing to send", async () => {
  write(" \n ");
  key(enter);
  expect(composer.canSend.value).toBe(false);
  expect(await settle()).toEqual([]);
});

test("Chromium under Linux: Enter is told once, while composing", async () => {
  write("안녕하세요");
  key(composingEnter);
  endComposition("요");
  expect(await settle()).toEqual(["안녕하세요"]);
});

test("Chromium under macOS and Windows: Enter is told again after the composition", async () => {
  write("안녕하세요");
  key(composingEnter);
  endComposition("요");
  key(enter);
  expect(await settle()).toEqual(["안녕하세요"]);
});

test("Safari: the composition ends before the key, which tells it by its code alone", async () => {
  write("안녕하세요");
  endComposition("요");
  key({ ...enter, keyCode: 229 });
  expect(await settle()).toEqual(["안녕하세요"]);
});

test("an Enter that chooses a candidate sends nothing", async () => {
  write("漢字");
  key(composingEnter);
  endComposition("漢字");
  expect(await settle()).toEqual([]);
  key(enter);
  expect(await settle()).toEqual(["漢字"]);
});

test("what is visible can be sent in the middle of a syllable", () => {
  write("ㄱ");
  expect(composer.canSend.value).toBe(true);
});
