import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { inject } from "vitest";

/** A real singoffd of a test. */
export interface Server {
  /** http://host:port of the HTTP port. */
  url: string;
  /** host:port of the gRPC port. */
  grpc: string;
  /** Ends it as SIGTERM does, and waits. */
  stop(): Promise<void>;
  /** Ends it at once, as a crash does. */
  kill(): Promise<void>;
  /** Starts it again on the same ports. */
  again(): Promise<void>;
}

/** Starts one on free ports; without limits by address, since all come from one. */
export async function serve(...flags: string[]): Promise<Server> {
  let child: ChildProcess;
  let http = "127.0.0.1:0";
  let grpc = "127.0.0.1:0";

  async function start(): Promise<void> {
    const args = ["--http-addr", http, "--grpc-addr", grpc, "--admin-addr", "off", "--log", "memory", "--log-format", "json", "--joins-per-minute", "0",
      "--rooms-per-hour", "0", "--calls-per-second", "0", "--streams-per-address", "0", "--come-back-spread", "0s", ...(flags.includes("--log") ? [] : ["--log", "memory"]), ...flags];
    child = spawn(join(inject("bin"), "singoffd"), args, { stdio: ["ignore", "ignore", "pipe"] });
    const lines = createInterface({ input: child.stderr! });
    const said: string[] = [];
    await new Promise<void>((resolve, reject) => {
      child.once("exit", (code) => reject(new Error(`singoffd ended with ${code}:\n${said.join("\n")}`)));
      lines.on("line", (line) => {
        said.push(line);
        const fields = read(line);
        if (fields["message"] === "serving") {
          http = String(fields["http_addr"]);
          grpc = String(fields["grpc_addr"]);
          resolve();
        }
      });
    });
    child.removeAllListeners("exit");
  }

  async function end(signal: NodeJS.Signals): Promise<void> {
    if (child.exitCode === null && child.signalCode === null) {
      const ended = once(child, "exit");
      child.kill(signal);
      await ended;
    }
  }

  await start();
  return {
    get url() {
      return `http://${http}`;
    },
    get grpc() {
      return grpc;
    },
    stop: () => end("SIGTERM"),
    kill: () => end("SIGKILL"),
    again: start,
  };
}

function read(line: string): Record<string, unknown> {
  try {
    return JSON.parse(line) as Record<string, unknown>;
  } catch {
    return {};
  }
}
