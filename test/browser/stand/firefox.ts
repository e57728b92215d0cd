import { spawn } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { WebSocket } from "ws";
import { Tab, type Engine } from "./engine.ts";
import { ended } from "./pulse.ts";

interface Evaluated {
  type: string;
  result?: { value: string };
  exceptionDetails?: { text: string };
}

/** Firefox ESR, over WebDriver BiDi. Each tab has a memory of its own: what Firefox calls a container. */
export async function firefox(env: NodeJS.ProcessEnv): Promise<Engine> {
  const profile = mkdtempSync(join(tmpdir(), "singoff-firefox-"));
  const prefs = {
    "intl.accept_languages": "en-GB, en", "app.update.enabled": false, "datareporting.policy.dataSubmissionEnabled": false, "remote.active-protocols": 1,
    "browser.shell.checkDefaultBrowser": false, "toolkit.telemetry.enabled": false, "network.captive-portal-service.enabled": false,
  };
  writeFileSync(join(profile, "user.js"), Object.entries(prefs).map(([name, value]) => `user_pref(${JSON.stringify(name)}, ${JSON.stringify(value)});\n`).join(""));
  const args = ["--headless", "--no-remote", "--profile", profile, "--remote-debugging-port", "0", "about:blank"];
  const child = spawn("firefox-esr", args, { env, stdio: ["ignore", "ignore", "pipe"] });
  const address = await new Promise<string>((resolve, reject) => {
    const said: string[] = [];
    child.once("exit", (code) => reject(new Error(`firefox-esr ended with ${code}:\n${said.join("\n")}`)));
    createInterface({ input: child.stderr }).on("line", (line) => {
      said.push(line);
      const listening = /WebDriver BiDi listening on (ws:\S+)/.exec(line);
      if (listening !== null) {
        resolve(listening[1] as string);
      }
    });
  });
  const socket = new WebSocket(`${address}/session`);
  await new Promise((resolve, reject) => socket.once("open", resolve).once("error", reject));
  const waiting = new Map<number, { resolve(value: unknown): void; reject(reason: Error): void }>();
  socket.on("message", (bytes) => {
    const { id, result, error, message } = JSON.parse(String(bytes)) as { id?: number; result?: unknown; error?: string; message?: string };
    const asked = waiting.get(id ?? -1);
    waiting.delete(id ?? -1);
    if (error !== undefined) {
      asked?.reject(new Error(`${error}: ${message}`));
    } else {
      asked?.resolve(result);
    }
  });
  let calls = 0;
  const call = <T>(method: string, params: object): Promise<T> =>
    new Promise<T>((resolve, reject) => {
      waiting.set(++calls, { resolve: resolve as (value: unknown) => void, reject });
      socket.send(JSON.stringify({ id: calls, method, params }));
    });
  await call("session.new", { capabilities: {} });
  return {
    name: "Firefox",
    async tab() {
      const { userContext } = await call<{ userContext: string }>("browser.createUserContext", {});
      const { context } = await call<{ context: string }>("browsingContext.create", { type: "window", userContext });
      return new Tab({
        go: (url) => call("browsingContext.navigate", { context, url, wait: "complete" }),
        async evaluate(expression) {
          const answer = await call<Evaluated>("script.evaluate", { expression, target: { context }, awaitPromise: true, userActivation: false });
          if (answer.result === undefined) {
            throw new Error(answer.exceptionDetails?.text ?? "no result");
          }
          return answer.result.value;
        },
        perform: (actions) => call("input.performActions", { context, actions }),
        close: () => call("browsingContext.close", { context }),
      });
    },
    async close() {
      socket.close();
      await ended(child);
      rmSync(profile, { recursive: true, force: true, maxRetries: 5 });
    },
  };
}
