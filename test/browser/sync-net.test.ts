import { createConnection, createServer, type Socket } from "node:net";
import { expect, test } from "vitest";
import { slowNet } from "./sync-net.ts";

/** A server that says these bytes in pieces, a few a millisecond, and the bytes as they arrive over the net. */
async function said(bytes: Buffer, piece: number): Promise<Buffer> {
  const server = createServer((socket) => void say(socket));
  async function say(socket: Socket): Promise<void> {
    socket.setNoDelay(true);
    for (let at = 0; at < bytes.length; at += piece) {
      socket.write(bytes.subarray(at, at + piece));
      await new Promise((resolve) => setImmediate(resolve));
    }
    socket.end();
  }
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const net = await slowNet(`http://127.0.0.1:${(server.address() as { port: number }).port}`, { least: 5, most: 25 });
  const chunks: Buffer[] = [];
  await new Promise<void>((resolve, reject) => {
    const socket = createConnection(Number(new URL(net.url).port), "127.0.0.1");
    socket.on("data", (chunk) => chunks.push(chunk)).on("end", () => resolve()).on("error", reject);
  });
  await net.close();
  server.close();
  return Buffer.concat(chunks);
}

// Pieces whose timers fell due in the same millisecond changed places: about one page in five got a script that was no script.
test("a slow net carries every byte, in its order", async () => {
  const bytes = Buffer.from(Uint32Array.from({ length: 100_000 }, (_, i) => i).buffer);
  const all = await Promise.all(Array.from({ length: 8 }, () => said(bytes, 1009)));
  expect(all.map((got) => got.equals(bytes))).toEqual(Array(8).fill(true));
});
