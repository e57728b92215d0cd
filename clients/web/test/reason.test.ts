import { Rejected, Unknown } from "@singoff/client";
import { Rejected_Reason } from "@singoff/client/protocol";
import { afterEach, expect, test } from "vitest";
import { createApp } from "vue";
import { i18n } from "@/shell/i18n";
import { useReason } from "@/shell/reason";

afterEach(() => (i18n.global.locale.value = "en"));

function reason(error: unknown): string {
  let told = "";
  createApp({
    setup() {
      told = useReason()(error);
      return () => undefined;
    },
  }).use(i18n).mount(document.createElement("div"));
  return told;
}

const rejected = (reason: Rejected_Reason, field = "") =>
  new Rejected({ $typeName: "singoff.v1.Rejected", reason, field, message: "as the server says it", cause: 0, nextNumber: 0n });

// A Korean page told refusals in the server's English.
test.each([
  ["ko", rejected(Rejected_Reason.TRACK_GONE), "없어진 노래예요. 다른 노래를 골라 주세요"],
  ["ko", rejected(Rejected_Reason.NICKNAME_TAKEN, "presence.nickname"), "이미 이 이름을 쓰는 사람이 있어요"],
  ["ko", rejected(Rejected_Reason.INVALID, "presence.nickname"), "이름은 눈에 보이는 글자 1~32자예요"],
  ["en", rejected(Rejected_Reason.ALREADY_PLAYING), "another song isn't over yet"],
  ["en", rejected(Rejected_Reason.INVALID, "chat_message.text"), "as the server says it"],
  ["en", new Unknown(true), "decided, outcome not seen"],
  ["en", "a text", "a text"],
] as const)("in %s, %s is told as %s", (locale, error, want) => {
  i18n.global.locale.value = locale;
  expect(reason(error)).toBe(want);
});

test("whatever is refused has words of the page, unless only the server knows which field is wrong, or of whom", () => {
  const own = Object.values(Rejected_Reason).filter((r) => typeof r === "number").filter((r) => reason(rejected(r)) === "as the server says it");
  expect(own).toEqual([Rejected_Reason.UNSPECIFIED, Rejected_Reason.INVALID, Rejected_Reason.UNAUTHENTICATED]);
});
