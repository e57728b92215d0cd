import { expect, onTestFinished, test, vi } from "vitest";
import { durationMs } from "@bufbuild/protobuf/wkt";
import { Stage, fakeTime, pass } from "./stage.js";

fakeTime();

/** browser makes window and document for a test; hide and show say that the page is put away and taken up again. */
function browser(): { online: () => void; hide: () => void; show: () => void; thaw: () => void } {
  const window = new EventTarget();
  const document = Object.assign(new EventTarget(), { visibilityState: "visible" });
  vi.stubGlobal("window", window);
  vi.stubGlobal("document", document);
  onTestFinished(() => { vi.unstubAllGlobals(); });
  const see = (visibilityState: string): void => {
    document.visibilityState = visibilityState;
    document.dispatchEvent(new Event("visibilitychange"));
  };
  return {
    online: () => { window.dispatchEvent(new Event("online")); },
    thaw: () => { document.dispatchEvent(new Event("resume")); },
    hide: () => { see("hidden"); },
    show: () => { see("visible"); },
  };
}

test("a Ping goes out every 3 s, quicker at first, and tells the server's clock", async () => {
  const stage = new Stage();
  const room = await stage.join();
  await pass(1_000);
  expect(stage.line.pings.length).toBeGreaterThanOrEqual(4);
  const before = stage.line.pings.length;
  await pass(9_000);
  expect(stage.line.pings.length - before).toBe(3);
  expect(room.clock.roundTrip).toBeGreaterThan(0);
  expect(Math.abs(room.clock.now() - Date.now())).toBeLessThan(5);
  room.close();
});

test("a reported skew goes with the next Pings, for a minute", async () => {
  const stage = new Stage();
  const room = await stage.join();
  const skew = (): number | undefined => {
    const ping = stage.line.pings.at(-1)?.command;
    return ping?.case === "ping" && ping.value.skew ? durationMs(ping.value.skew) : undefined;
  };
  room.reportSkew(-12);
  await pass(3_000);
  expect(skew()).toBe(-12);
  await pass(60_000);
  expect(skew()).toBeUndefined();
  room.reportSkew(7);
  await pass(3_000);
  expect(skew()).toBe(7);
  room.reportSkew(undefined);
  await pass(3_000);
  expect(skew()).toBeUndefined();
  room.close();
});

test("a connection on which nothing is heard for 8 s is lost, one that answers is not", async () => {
  const stage = new Stage();
  const room = await stage.join();
  await pass(60_000);
  expect(stage.lines).toHaveLength(1);
  stage.line.alive = false;
  await pass(7_000);
  expect(room.connection.phase).toBe("live");
  await pass(5_000);
  expect(stage.lines).toHaveLength(2);
  expect(room.connection.phase).toBe("live");
  room.close();
});

test("a try without a Welcome is given up after 15 s", async () => {
  const stage = new Stage();
  stage.onLine = () => undefined;
  const room = await stage.join();
  await pass(14_000);
  expect(stage.lines).toHaveLength(1);
  stage.onLine = (line) => { stage.welcome(line); };
  await pass(2_000);
  expect(room.connection).toMatchObject({ phase: "live", attempt: 2 });
  room.close();
});

// centrifuge and others: after a phone's lock screen the socket said open and was dead, and nobody noticed for half a minute.
test.each(["show", "thaw", "online"] as const)("a dead connection is replaced within 3 s of a wake-up: %s", async (wake) => {
  const page = browser();
  const stage = new Stage();
  const room = await stage.join();
  await pass(10_000);
  page.hide();
  stage.line.alive = false;
  const typed = room.say("typed meanwhile");
  page[wake]();
  page.thaw(); // wake-ups come in twos and threes
  await pass(3_000);
  expect(room.connection.phase).toBe("live");
  expect(stage.lines).toHaveLength(2);
  expect(stage.line.requests.map(({ command }) => command.value)).toMatchObject([{ text: "typed meanwhile" }]);
  room.close();
  await typed.catch(() => undefined);
});

test("a living connection stays through a wake-up", async () => {
  const page = browser();
  const stage = new Stage();
  const room = await stage.join();
  await pass(5_000);
  page.hide();
  page.show();
  await pass(10_000);
  expect(stage.lines).toHaveLength(1);
  room.close();
});

test("a try that hangs is given up after a wake-up, and one that waits is made at once", async () => {
  const page = browser();
  const stage = new Stage();
  stage.onLine = (line) => { line.alive = false; };
  const room = await stage.join({}, { random: () => 0.99 });
  await pass(1_000);
  stage.onLine = (line) => { stage.welcome(line); };
  page.online();
  await pass(3_000);
  expect(room.connection).toMatchObject({ phase: "live", attempt: 2 });
  stage.onLine = () => { throw new Error("down"); };
  stage.line.end();
  await pass(2_500);
  expect(room.connection.phase).toBe("waiting");
  stage.onLine = (line) => { stage.welcome(line); };
  page.online();
  await pass(3_000);
  expect(room.connection.phase).toBe("live");
  room.close();
});

test("a wake-up while a try is under way that began without a network: the next one doesn't wait", async () => {
  const page = browser();
  const stage = new Stage();
  const room = await stage.join({}, { random: () => 0.99 });
  await pass(6_000);
  stage.onLine = () => undefined; // it hangs
  stage.line.end();
  await pass(500);
  expect(stage.lines).toHaveLength(2);
  page.online();
  stage.onLine = (line) => { stage.welcome(line); };
  stage.line.end(); // it was lost before the wake-up, and the news comes after
  await pass(1);
  expect(room.connection).toMatchObject({ phase: "live", attempt: 3 });
  room.close();
});

test("a machine that slept asks for a sign of life by itself", async () => {
  const stage = new Stage();
  const room = await stage.join();
  await pass(10_000);
  stage.line.alive = false;
  vi.setSystemTime(Date.now() + 3_600_000); // the wall clock went on, the steady one stood still
  await pass(3_000);
  expect(room.connection.phase).toBe("live");
  expect(stage.lines).toHaveLength(2);
  expect(Math.abs(room.clock.now() - Date.now())).toBeLessThan(5);
  room.close();
});
