import { once } from "node:events";
import { connect, createServer, type AddressInfo, type Socket } from "node:net";
import { expect, inject, onTestFinished, test } from "vitest";
import { WebSocket } from "ws";
import { Client, Recovery_Kind, Role, memoryStorage, type ConnectionState, type Room } from "../../src/index.js";
import { startServer } from "./start.js";

/** A wire to a server that can be cut: every connection breaks, and new ones are refused until it is mended. */
async function cuttable(baseUrl: string): Promise<{ baseUrl: string; cut: () => void; mend: () => void }> {
  const { hostname, port } = new URL(baseUrl);
  const sockets = new Set<Socket>();
  let whole = true;
  const proxy = createServer((socket) => {
    const upstream = connect(Number(port), hostname);
    for (const end of [socket, upstream]) {
      sockets.add(end);
      end.on("error", () => undefined).on("close", () => { socket.destroy(); upstream.destroy(); });
    }
    if (!whole) {
      socket.destroy();
    }
    socket.pipe(upstream).pipe(socket);
  });
  proxy.listen(0, "127.0.0.1");
  await once(proxy, "listening");
  onTestFinished(() => {
    sockets.forEach((socket) => { socket.destroy(); });
    proxy.close();
  });
  return {
    baseUrl: `http://127.0.0.1:${(proxy.address() as AddressInfo).port}`,
    cut: () => { whole = false; sockets.forEach((socket) => { socket.destroy(); }); },
    mend: () => { whole = true; },
  };
}

/** until waits for a state of the connection. */
function until(room: Room, wanted: (state: ConnectionState) => boolean): Promise<ConnectionState> {
  return new Promise((resolve) => {
    const off = room.on("connection", (state) => {
      if (wanted(state)) {
        off();
        resolve(state);
      }
    });
  });
}

test.each(["websocket", "fetch"] as const)("a cut network loses nothing, and nothing is said twice: %s", async (transport) => {
  const wire = await cuttable(inject("baseUrl"));
  const title = `Comeback ${transport}`;
  const mina = new Client({ baseUrl: wire.baseUrl, transport, WebSocket }).join({ title, nickname: "Mina", role: Role.SINGER });
  const jun = new Client({ baseUrl: inject("baseUrl"), transport, WebSocket }).join({ title, nickname: "Jun", role: Role.WATCHER });
  await Promise.all([mina.ready(), jun.ready()]);
  const { selfId } = mina.state;
  const waiting = until(mina, ({ phase }) => phase === "waiting");
  wire.cut();
  await waiting;
  await jun.say("while you were gone");
  const typed = mina.say("typed without a connection");
  const back = until(mina, ({ phase }) => phase === "live");
  wire.mend();
  expect((await back).recovery?.kind).toBe(Recovery_Kind.RESUMED);
  await typed;
  expect(mina.state.selfId).toBe(selfId);
  const lines = mina.state.chat.map(({ body }) => body.case === "chatMessage" ? body.value.text : "");
  expect(lines).toEqual(["while you were gone", "typed without a connection"]);
  mina.close();
  jun.close();
});

test("a server that is killed and started again is found again, and a room in memory begins anew", async () => {
  const server = await startServer(inject("program"));
  const storage = memoryStorage();
  const room = new Client({ baseUrl: server.baseUrl, WebSocket, storage }).join({ title: "Again", nickname: "Mina", role: Role.SINGER });
  await room.ready();
  await room.say("before");
  const lost = until(room, ({ phase }) => phase === "waiting");
  await server.kill();
  await lost;
  const back = until(room, ({ phase }) => phase === "live");
  const again = await startServer(inject("program"), [], new URL(server.baseUrl).host);
  onTestFinished(() => again.stop());
  expect((await back).recovery?.kind).toBe(Recovery_Kind.SNAPSHOT);
  await room.say("after");
  expect(room.state.chat).toHaveLength(1);
  room.close();
});

test("history is given as this person saw it, and a full room says so for good", async () => {
  const client = new Client({ baseUrl: inject("baseUrl"), WebSocket });
  const room = client.join({ roomId: "full", nickname: "Mina", role: Role.SINGER });
  const two = new Client({ baseUrl: inject("baseUrl"), WebSocket }).join({ roomId: "full", nickname: "Jun", role: Role.SINGER });
  await Promise.all([room.ready(), two.ready()]);
  await two.say("a whisper", room.state.selfId);
  await expect.poll(() => room.state.chat.length).toBe(1);
  const { events } = await client.listEvents({ roomId: "full" });
  expect(events.some(({ body }) => body.case === "chatMessage" && body.value.text === "a whisper")).toBe(true);
  const third = new Client({ baseUrl: inject("baseUrl"), WebSocket }).join({ roomId: "full", nickname: "Sora", role: Role.SINGER });
  await expect(third.ready()).rejects.toThrow();
  expect(third.connection).toMatchObject({ phase: "ended", end: "refused", goaway: { final: true, field: "hello.role" } });
  await room.leave();
  two.close();
});
