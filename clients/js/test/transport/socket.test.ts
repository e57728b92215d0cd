import { create, toBinary } from "@bufbuild/protobuf";
import { Code, ConnectError, createClient } from "@connectrpc/connect";
import { expect, test } from "vitest";
import { WebSocket } from "ws";
import { JoinResponseSchema, RoomService, createTransport, wayFailed, type JoinResponse } from "../../src/index.js";
import { fakeServer, frame, headers, trailers, type FakeAnswers, type FakeServer } from "./server.js";

const hello = { command: { case: "hello" as const, value: { roomId: "friday" } } };
const message = (text: string): Buffer =>
  frame(0, toBinary(JoinResponseSchema, create(JoinResponseSchema, { events: [{ body: { case: "chatMessage", value: { text } } }] })));

interface Outcome {
  readonly texts: string[];
  readonly error: ConnectError | undefined;
  readonly header: Headers | undefined;
  readonly trailer: Headers | undefined;
}

const textsOf = ({ events }: JoinResponse): string[] => events.map(({ body }) => body.case === "chatMessage" ? body.value.text : "");

/** join makes a Join that says Hello, then waits for its end. */
async function join({ baseUrl }: FakeServer, options: { signal?: AbortSignal; timeoutMs?: number; headers?: HeadersInit } = {}): Promise<Outcome> {
  const client = createClient(RoomService, createTransport({ baseUrl, WebSocket }));
  const outcome = { texts: [] as string[], header: undefined as Headers | undefined, trailer: undefined as Headers | undefined };
  const onHeader = (header: Headers): void => { outcome.header = header; };
  const onTrailer = (trailer: Headers): void => { outcome.trailer = trailer; };
  const done = new AbortController();
  try {
    for await (const response of client.join(open(done.signal), { ...options, onHeader, onTrailer })) {
      outcome.texts.push(...textsOf(response));
    }
    return { ...outcome, error: undefined };
  } catch (error) {
    return { ...outcome, error: ConnectError.from(error) };
  } finally {
    done.abort();
  }
}

/** open is a request stream that says Hello and then nothing. */
async function* open(signal: AbortSignal): AsyncGenerator<typeof hello> {
  yield hello;
  await new Promise((resolve) => { signal.addEventListener("abort", resolve); });
}

/** answered joins a server that sends these chunks, each a websocket message, and then closes. */
async function answered(chunks: readonly Uint8Array[], more: FakeAnswers = {}): Promise<Outcome> {
  return join(await fakeServer({
    socket: (socket) => {
      for (const chunk of chunks) {
        socket.send(chunk);
      }
      socket.close();
    },
    ...more,
  }));
}

// connectrpc/connect-es#1434: an error in the headers was lost when an empty trailer frame followed.
test.each<[string, Uint8Array[], Code | undefined, string]>([
  ["headers alone", [trailers(8, "full")], Code.ResourceExhausted, "full"],
  ["headers, then empty trailers", [trailers(8, "full"), frame(0x80, "")], Code.ResourceExhausted, "full"],
  ["headers, then trailers that say OK", [trailers(8, "full"), trailers(0)], Code.ResourceExhausted, "full"],
  ["trailers after a message", [headers(), message("a"), trailers(7, "kicked")], Code.PermissionDenied, "kicked"],
  ["trailers in the same chunk as a message", [headers(), Buffer.concat([message("a"), trailers(7, "kicked")])], Code.PermissionDenied, "kicked"],
  ["all in one chunk", [Buffer.concat([headers(), message("a"), trailers(7, "kicked")])], Code.PermissionDenied, "kicked"],
  ["a percent-encoded message", [headers(), trailers(6, "%EA%B0%80 is taken")], Code.AlreadyExists, "가 is taken"],
  ["a message that is encoded wrongly", [headers(), trailers(6, "100%")], Code.AlreadyExists, "100%"],
  ["status 0 without a message", [headers(), trailers(0)], undefined, ""],
  ["status 0 with a message", [headers(), message("a"), trailers(0, "bye")], undefined, ""],
  ["headers that say 0", [trailers(0)], undefined, ""],
])("what the server says reaches the caller: %s", async (_, chunks, code, text) => {
  const { error } = await answered(chunks);
  expect(error?.code).toBe(code);
  expect(error?.rawMessage ?? "").toBe(text);
  expect(wayFailed(error)).toBe(false);
});

test.each<[string, Uint8Array[]]>([
  ["nothing was said", []],
  ["headers alone", [headers()]],
  ["after a message", [headers(), message("a")]],
  ["within a message", [headers(), message("abc").subarray(0, 8)]],
  ["trailers without a status", [headers(), message("a"), frame(0x80, "x: y\r\n")]],
  ["a status that is none", [headers(), frame(0x80, "grpc-status: OK\r\n")]],
  ["flags that nobody knows", [headers(), frame(0x02, "x")]],
  ["a frame beyond all bounds", [headers(), Buffer.from([0, 0xff, 0xff, 0xff, 0xff])]],
])("a cut or broken stream is UNAVAILABLE, never OK: %s", async (_, chunks) => {
  const { error } = await answered(chunks);
  expect(error?.code).toBe(Code.Unavailable);
  expect(wayFailed(error)).toBe(true);
});

test("a server that doesn't upgrade, and one that isn't there, is UNAVAILABLE", async () => {
  const refused = await answered([], { upgradeStatus: 403 });
  expect([refused.error?.code, wayFailed(refused.error)]).toEqual([Code.Unavailable, true]);
  const nowhere = await join({ baseUrl: "http://127.0.0.1:1", received: [] });
  expect([nowhere.error?.code, wayFailed(nowhere.error)]).toEqual([Code.Unavailable, true]);
});

test("messages come in order however the bytes are cut", async () => {
  const bytes = Buffer.concat([headers(), message("하나"), message(""), message("three"), trailers(0)]);
  for (const size of [1, 2, 5, 7, 64]) {
    const chunks = Array.from({ length: Math.ceil(bytes.length / size) }, (_, at) => bytes.subarray(at * size, (at + 1) * size));
    const { texts, error } = await answered(chunks);
    expect(error).toBeUndefined();
    expect(texts).toEqual(["하나", "", "three"]);
  }
});

test("the trailers end the call, not the close", async () => {
  const server = await fakeServer({ socket: (socket) => { socket.send(Buffer.concat([headers(), message("a"), trailers(0)])); } });
  expect((await join(server)).texts).toEqual(["a"]);
});

test("headers and trailers reach the caller, and the caller's headers the server", async () => {
  const server = await fakeServer({ socket: (socket) => {
    socket.send(Buffer.concat([headers("x-node: n1\r\n"), message("a"), frame(0x80, "grpc-status: 0\r\nx-took: 3ms\r\n")]));
  } });
  const { header, trailer } = await join(server, { headers: { "x-mine": "yes" } });
  expect(header?.get("x-node")).toBe("n1");
  expect(trailer?.get("x-took")).toBe("3ms");
  const sent = new TextDecoder().decode(server.received[0]);
  expect(sent).toContain("x-mine: yes\r\n");
  expect(sent).toContain("content-type: application/grpc-web+proto\r\n");
});

test("a deadline ends the call with DEADLINE_EXCEEDED", async () => {
  const server = await fakeServer({ socket: (socket) => { socket.send(headers()); } });
  const { error } = await join(server, { timeoutMs: 50 });
  expect(error?.code).toBe(Code.DeadlineExceeded);
  expect(wayFailed(error)).toBe(false);
});

test("cancelling closes the socket without the message that says everything is sent", async () => {
  let closed: () => void = () => undefined;
  const isClosed = new Promise<void>((resolve) => { closed = resolve; });
  const cancel = new AbortController();
  const server = await fakeServer({ socket: (socket) => {
    socket.on("close", () => { closed(); });
    socket.send(Buffer.concat([headers(), message("a")]));
    setTimeout(() => { cancel.abort(); }, 20);
  } });
  const { error, texts } = await join(server, { signal: cancel.signal });
  expect(texts).toEqual(["a"]);
  expect(error?.code).toBe(Code.Canceled);
  await isClosed;
  expect(server.received.every((bytes) => bytes[0] !== 1)).toBe(true);
});

test("a request stream that ends says so, and one that fails ends the call", async () => {
  const server = await fakeServer({ socket: (socket) => {
    socket.on("message", (data: Buffer) => { if (data[0] === 1) { socket.send(Buffer.concat([headers(), trailers(0)])); } });
  } });
  const client = createClient(RoomService, createTransport({ baseUrl: server.baseUrl, WebSocket }));
  async function* both(fails: boolean): AsyncGenerator<typeof hello> {
    yield hello;
    if (fails) {
      throw new RangeError("too much");
    }
    await Promise.resolve();
  }
  const read = async (fails: boolean): Promise<void> => {
    for await (const response of client.join(both(fails))) {
      expect(response).toBeUndefined();
    }
  };
  await read(false);
  expect(server.received.map((bytes) => bytes[0]).slice(1)).toEqual([0, 1]);
  await expect(read(true)).rejects.toThrow("too much");
});
