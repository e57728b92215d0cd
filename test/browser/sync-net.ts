import { createConnection, createServer, type Socket } from "node:net";

/** A net with a delay that varies, between a browser and a server. */
export interface SlowNet {
  /** http://host:port of the browser's end. */
  url: string;
  close(): Promise<void>;
}

/** Lays one to a server: each piece takes between `least` and `most` ms each way; none overtakes another. */
export async function slowNet(target: string, { least, most }: { least: number; most: number }): Promise<SlowNet> {
  const { hostname, port } = new URL(target);
  const open = new Set<Socket>();

  function carry(from: Socket, to: Socket): void {
    // One timer at a time: two that are due in the same millisecond may fire in any order.
    const under: { due: number; arrive: () => void }[] = [];
    let due = 0;
    const wait = () => void (under[0] && setTimeout(arrive, under[0].due - performance.now()));
    const arrive = () => {
      while (under[0] && under[0].due <= performance.now() + 1) {
        under.shift()!.arrive();
      }
      wait();
    };
    const later = (what: () => void) => {
      due = Math.max(due, performance.now() + least + Math.random() * (most - least));
      if (under.push({ due, arrive: what }) === 1) {
        wait();
      }
    };
    from.on("data", (bytes) => later(() => to.write(bytes)));
    from.on("end", () => later(() => to.end()));
    from.on("close", () => later(() => to.destroySoon()));
  }

  const server = createServer((near) => {
    const far = createConnection({ host: hostname, port: Number(port) });
    for (const end of [near, far]) {
      end.setNoDelay(true);
      open.add(end);
      end.on("error", () => undefined);
      end.on("close", () => open.delete(end));
    }
    carry(near, far);
    carry(far, near);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  return {
    url: `http://127.0.0.1:${typeof address === "object" && address ? address.port : 0}`,
    async close() {
      open.forEach((end) => end.destroy());
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
