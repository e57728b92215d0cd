import { spawn } from "node:child_process";
import { once } from "node:events";
import { createServer } from "node:net";
import { Tab, type Driver, type Engine } from "./engine.ts";
import { ended } from "./pulse.ts";

/** Debian's. */
const browser = "/usr/lib/x86_64-linux-gnu/webkit2gtk-4.1/MiniBrowser";

/** WebKitGTK, over WebDriver. Each tab is a browser, since a driver has one session, on a screen of its own, since keys go to one window of a screen. */
export function webkit(env: NodeJS.ProcessEnv): Engine {
  const drivers: Driver[] = [];
  return {
    name: "WebKitGTK",
    async tab() {
      const driver = await start(env);
      drivers.push(driver);
      return new Tab(driver);
    },
    async close() {
      await Promise.all(drivers.map((driver) => driver.close()));
    },
  };
}

async function start(env: NodeJS.ProcessEnv): Promise<Driver> {
  const port = await freePort();
  const screen = spawn("Xvfb", ["-displayfd", "1", "-screen", "0", "1400x1000x24", "-nolisten", "tcp"], { stdio: ["ignore", "pipe", "ignore"] });
  const [number] = (await once(screen.stdout, "data")) as [Buffer];
  const child = spawn("WebKitWebDriver", [`--port=${port}`, "--host=127.0.0.1"], {
    env: { ...env, DISPLAY: `:${String(number).trim()}`, LIBGL_ALWAYS_SOFTWARE: "1", NO_AT_BRIDGE: "1" },
    stdio: "ignore",
  });
  const base = `http://127.0.0.1:${port}`;
  const call = async <T>(method: string, path: string, body?: object): Promise<T> => {
    const answer = await fetch(base + path, { method, ...(body && { body: JSON.stringify(body) }) });
    const { value } = (await answer.json()) as { value: T & { error?: string; message?: string } };
    if (!answer.ok) {
      throw new Error(`${method} ${path}: ${value.error}: ${value.message}`);
    }
    return value;
  };
  for (let tries = 0; !(await fetch(`${base}/status`).then((r) => r.ok, () => false)); tries++) {
    if (child.exitCode !== null || tries > 300) {
      throw new Error(`WebKitWebDriver doesn't start: ${child.exitCode}`);
    }
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  const { sessionId } = await call<{ sessionId: string }>("POST", "/session", {
    capabilities: { alwaysMatch: { "webkitgtk:browserOptions": { binary: browser, args: ["--automation"] }, timeouts: { script: 120_000, pageLoad: 120_000 } } },
  });
  const session = `/session/${sessionId}`;
  await call("POST", `${session}/window/rect`, { width: 1280, height: 900 });
  return {
    go: (url) => call("POST", `${session}/url`, { url }),
    evaluate: (expression) =>
      call("POST", `${session}/execute/async`, {
        script: `const done = arguments[0]; Promise.resolve(${expression}).then(done, (reason) => done(JSON.stringify(String(reason))));`,
        args: [],
      }),
    perform: (actions) => call("POST", `${session}/actions`, { actions }),
    async close() {
      await call("DELETE", session).catch(() => undefined);
      await ended(child);
      await ended(screen);
    },
  };
}

function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const server = createServer();
    server.listen(0, "127.0.0.1", () => {
      const { port } = server.address() as { port: number };
      server.close(() => resolve(port));
    });
  });
}
