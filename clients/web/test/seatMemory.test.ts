import { beforeEach, expect, test } from "vitest";
import { forgetSeat, recallSeat, rememberedFor, rememberSeat, type Seat } from "@/battle/seatMemory";

const mina: Seat = { role: "singer", nickname: "Mina", title: "Friday", person: "" };

beforeEach(() => {
  localStorage.clear();
  sessionStorage.clear();
});

test("a seat is remembered as long as the server remembers who is away", () => {
  rememberSeat("friday", mina, 1000);
  expect(recallSeat("friday", 1000 + rememberedFor - 1)).toEqual(mina);
  expect(recallSeat("friday", 1000 + rememberedFor)).toBeUndefined();
  expect(recallSeat("saturday", 1000)).toBeUndefined();
});

test("another tab finds it too, but not that of a further person", () => {
  rememberSeat("friday", mina, 1000);
  rememberSeat("friday", { ...mina, nickname: "Sister", person: "x1" }, 2000);
  expect(recallSeat("friday", 2000)?.nickname).toBe("Sister");
  sessionStorage.clear(); // as another tab has it
  expect(recallSeat("friday", 2000)).toEqual(mina);
});

test("what is forgotten is gone", () => {
  rememberSeat("friday", mina, 1000);
  forgetSeat("friday");
  expect(recallSeat("friday", 1000)).toBeUndefined();
});

test.each(["", "null", "5", '{"role":"host"}', '{"role":"singer","nickname":1,"title":"","person":"","at":0}'])("what isn't a seat is none: %s", (text) => {
  localStorage.setItem("singoff.page.seat.friday", text);
  expect(recallSeat("friday", 1)).toBeUndefined();
});
