import { once } from "node:events";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { onTestFinished } from "vitest";
import { WebSocket, WebSocketServer } from "ws";

/** A server that says what a test wants it to, whatever it is asked. */
export interface FakeServer {
  readonly baseUrl: string;
  /** The bytes that came over websockets, message by message. */
  readonly received: Uint8Array[];
}

export interface FakeAnswers {
  /** Answers a websocket once its first message, the headers, has come. */
  readonly socket?: (socket: WebSocket) => void;
  /** Answers the upgrade with this HTTP status instead. */
  readonly upgradeStatus?: number;
  /** Answers an HTTP request. */
  readonly http?: (request: IncomingMessage, response: ServerResponse) => void;
}

/** fakeServer serves until the test has finished. */
export async function fakeServer({ socket, upgradeStatus, http }: FakeAnswers): Promise<FakeServer> {
  const received: Uint8Array[] = [];
  const server: Server = createServer((request, response) => { request.resume(); request.on("end", () => { http?.(request, response); }); });
  const sockets = new WebSocketServer({ noServer: true });
  server.on("upgrade", (request, stream, head) => {
    if (upgradeStatus !== undefined) {
      stream.end(`HTTP/1.1 ${upgradeStatus} No\r\nconnection: close\r\n\r\n`);
      return;
    }
    sockets.handleUpgrade(request, stream, head, (opened) => {
      opened.on("message", (data: Buffer) => {
        received.push(data);
        if (received.length === 1) {
          socket?.(opened);
        }
      });
    });
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  onTestFinished(() => {
    for (const client of sockets.clients) {
      client.terminate();
    }
    server.closeAllConnections();
    server.close();
  });
  return { baseUrl: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, received };
}

/** frame is a frame of the wire: flags, a length, and as many bytes. */
export function frame(flags: number, payload: Uint8Array | string): Buffer {
  const body = Buffer.from(payload);
  const header = Buffer.alloc(5);
  header.writeUInt8(flags, 0);
  header.writeUInt32BE(body.length, 1);
  return Buffer.concat([header, body]);
}

export const headers = (lines = "Content-Type: application/grpc+proto\r\n"): Buffer => frame(0x80, lines);
export const trailers = (code: number, message?: string): Buffer =>
  frame(0x80, `grpc-status: ${code}\r\n${message === undefined ? "" : `grpc-message: ${message}\r\n`}`);
