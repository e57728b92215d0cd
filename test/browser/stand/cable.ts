import { createConnection, createServer, type Server, type Socket } from "node:net";

/** A cable between the browser and the server, to be pulled. */
export interface Cable {
  /** http://host:port of the browser's end. */
  url: string;
  /** Pulls it: what is under way is lost, nothing is refused, nothing goes through. */
  pull(): void;
  /** Plugs it in again; connections of before stay dead. */
  plug(): void;
  /** Lets the websockets there are fall silent for good, as a phone's net does behind a locked screen: both ends believe in them, new ones work. */
  deaden(): void;
  /** Ends websockets as some companies' nets do: `refuse` at once, a number after that many ms; `let`: no more. */
  websockets(how: "let" | "refuse" | number): void;
  close(): Promise<void>;
}

/** Lays a cable to a server. */
export async function lay(target: string): Promise<Cable> {
  const { hostname, port } = new URL(target);
  const open = new Set<Socket>();
  const upgraded = new Set<Socket>();
  const dead = new Set<Socket>();
  let pulled = false;
  let websockets: "let" | "refuse" | number = "let";

  const server: Server = createServer((near) => {
    const far = createConnection({ host: hostname, port: Number(port) });
    for (const end of [near, far]) {
      open.add(end);
      end.on("error", () => undefined);
      end.on("close", () => {
        open.delete(end);
        if (!pulled && !dead.has(end)) {
          near.destroy();
          far.destroy();
        }
      });
    }
    far.on("data", (bytes) => pulled || dead.has(far) || near.write(bytes));
    near.on("data", (bytes) => {
      if (pulled || dead.has(near)) {
        return;
      }
      if (!upgraded.has(near) && /\r\nupgrade: websocket\r\n/i.test(bytes.toString("latin1"))) {
        upgraded.add(near).add(far);
        if (websockets === "refuse") {
          near.end("HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
          far.destroy();
          return;
        }
        if (websockets !== "let") {
          setTimeout(() => near.destroy(), websockets);
        }
      }
      far.write(bytes);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  return {
    url: `http://127.0.0.1:${typeof address === "object" && address ? address.port : 0}`,
    pull() {
      pulled = true;
    },
    plug() {
      // What was sent into the pulled cable never arrives; its ends learn that now.
      open.forEach((end) => end.destroy());
      pulled = false;
    },
    deaden() {
      open.forEach((end) => (upgraded.has(end) ? dead.add(end) : end.destroy()));
    },
    websockets(how) {
      websockets = how;
    },
    async close() {
      open.forEach((end) => end.destroy());
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
