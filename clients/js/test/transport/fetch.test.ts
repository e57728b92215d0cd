import { create, toBinary } from "@bufbuild/protobuf";
import { Code, ConnectError, createClient } from "@connectrpc/connect";
import type { ServerResponse } from "node:http";
import { expect, test } from "vitest";
import { ListRoomsResponseSchema, RoomService, WatchResponseSchema, createTransport, wayFailed } from "../../src/index.js";
import { fakeServer, frame, trailers } from "./server.js";

const ok = { "content-type": "application/grpc-web+proto" };
const rooms = frame(0, toBinary(ListRoomsResponseSchema, create(ListRoomsResponseSchema, { rooms: [{ roomId: "friday" }] })));
const watched = frame(0, toBinary(WatchResponseSchema, create(WatchResponseSchema, { events: [{ seq: 1n }] })));

type Answer = (response: ServerResponse) => void;
const answer = (head: Record<string, string>, ...body: Uint8Array[]): Answer => (response) => { response.writeHead(200, head).end(Buffer.concat(body)); };
const status = (code: number): Answer => (response) => { response.writeHead(code, { "content-type": "text/html" }).end("<h1>no</h1>"); };

/** called makes a unary call and a server stream, and gives how each ended. */
async function called(http: Answer): Promise<(ConnectError | "OK")[]> {
  const { baseUrl } = await fakeServer({ http: (_, response) => { http(response); } });
  const client = createClient(RoomService, createTransport({ baseUrl }));
  const watch = async (): Promise<void> => {
    for await (const { events } of client.watch({})) {
      expect(events).toHaveLength(1);
    }
  };
  const ends = [() => client.listRooms({}), watch].map((call) => call().then(() => "OK" as const, (error: unknown) => ConnectError.from(error)));
  return Promise.all(ends);
}

// connectrpc/connect-es#1434: a unary call's error in the headers became "missing message" when an empty trailer frame followed.
test.each<[string, Answer]>([
  ["headers alone", answer({ ...ok, "grpc-status": "8", "grpc-message": "too%20many" })],
  ["headers, then empty trailers", answer({ ...ok, "grpc-status": "8", "grpc-message": "too%20many" }, frame(0x80, ""))],
  ["trailers alone", answer(ok, trailers(8, "too%20many"))],
])("what the server says reaches the caller: %s", async (_, http) => {
  for (const end of await called(http)) {
    expect(end).toMatchObject({ code: Code.ResourceExhausted, rawMessage: "too many" });
    expect(wayFailed(end)).toBe(false);
  }
});

test("trailers in the same chunk as a message", async () => {
  expect((await called(answer(ok, rooms, trailers(0))))[0]).toBe("OK");
  expect((await called(answer(ok, watched, trailers(0))))[1]).toBe("OK");
  expect((await called(answer(ok, watched, trailers(10, "taken over"))))[1]).toMatchObject({ code: Code.Aborted, rawMessage: "taken over" });
});

test.each<[string, Answer, Code]>([
  ["no trailers", answer(ok, rooms), Code.Unavailable],
  ["within a message", answer(ok, rooms.subarray(0, 7)), Code.Unavailable],
  ["nothing", answer(ok), Code.Unavailable],
  ["the connection breaks", (response) => { response.writeHead(200, ok).write(rooms.subarray(0, 3), () => { response.destroy(); }); }, Code.Unavailable],
  ["another server's page", answer({ "content-type": "text/html" }, Buffer.from("<h1>log in</h1>")), Code.Unavailable],
  ["a proxy's 502", status(502), Code.Unavailable],
  ["a proxy's 404", status(404), Code.Unimplemented],
])("a cut or foreign answer isn't the server's word, and never OK: %s", async (_, http, code) => {
  for (const end of await called(http)) {
    expect(end).toMatchObject({ code });
    expect(wayFailed(end)).toBe(true);
  }
});

test("a server that isn't there is UNAVAILABLE; cancelling and deadlines are what they are", async () => {
  const nowhere = createClient(RoomService, createTransport({ baseUrl: "http://127.0.0.1:1" }));
  const failure: unknown = await nowhere.listRooms({}).catch((error: unknown) => error);
  expect(failure).toMatchObject({ code: Code.Unavailable });
  expect(wayFailed(failure)).toBe(true);
  const { baseUrl } = await fakeServer({ http: () => undefined });
  const client = createClient(RoomService, createTransport({ baseUrl }));
  await expect(client.listRooms({}, { timeoutMs: 30 })).rejects.toMatchObject({ code: Code.DeadlineExceeded });
  const cancel = new AbortController();
  setTimeout(() => { cancel.abort(); }, 20);
  await expect(client.listRooms({}, { signal: cancel.signal })).rejects.toMatchObject({ code: Code.Canceled });
});
