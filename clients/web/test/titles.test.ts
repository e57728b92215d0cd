import { beforeEach, describe, expect, test, vi } from "vitest";

const key = "singoff.page.titles.";

/** The page's titles, as they are when it has just been loaded. */
async function load() {
  vi.resetModules();
  return (await import("@/entrance/titles")).titles;
}

beforeEach(() => {
  vi.unstubAllGlobals();
  sessionStorage.clear();
});

describe("the title of a room that was named here", () => {
  // A page that must load anew, as a part of it was missing, showed the room's id and made the room with that title.
  test("is known to the page that is loaded anew, and to this tab alone", async () => {
    (await load()).set("abc123", "금요일 배틀 🎤");
    expect((await load()).get("abc123")).toBe("금요일 배틀 🎤");
    expect(localStorage.getItem(key)).toBeNull();
    sessionStorage.clear();
    expect((await load()).get("abc123")).toBeUndefined();
  });

  test("is the last one that was given; old ones make room", async () => {
    const titles = await load();
    for (let i = 0; i < 30; i++) {
      titles.set(`room${i}`, `Room ${i}`);
    }
    titles.set("room12", "Twelve");
    const anew = await load();
    expect([anew.get("room29"), anew.get("room12"), anew.get("room3")]).toEqual(["Room 29", "Twelve", undefined]);
  });

  test.each(["", "{", "null", '{"a":1}', '[["a"],[1,2],"x",["b",null]]'])("isn't read out of %j", async (text) => {
    sessionStorage.setItem(key, text);
    const titles = await load();
    titles.set("a", "A");
    expect((await load()).get("a")).toBe("A");
  });

  test("is known until the page ends in a browser that keeps nothing", async () => {
    const refused = vi.fn(() => {
      throw new DOMException("no", "SecurityError");
    });
    vi.stubGlobal("sessionStorage", { getItem: refused, setItem: refused });
    const titles = await load();
    titles.set("a", "A");
    expect(titles.get("a")).toBe("A");
    expect(refused).toHaveBeenCalledTimes(2);
  });
});
