import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { createInterface } from "node:readline";

/** A singoffd of a test's own. */
export interface Server {
  readonly baseUrl: string;
  /** Ends it as SIGTERM does, and waits. */
  stop(): Promise<void>;
  /** Ends it as a crash does, and waits. */
  kill(): Promise<void>;
}

/** startServer starts a singoffd on a free port, its log in memory, and waits until it serves. */
export async function startServer(program: string, flags: readonly string[] = [], httpAddr = "127.0.0.1:0"): Promise<Server> {
  const folder = await mkdtemp(path.join(tmpdir(), "singoffd-"));
  const child = spawn(program, [
    "--http-addr", httpAddr, "--grpc-addr", `unix:${folder}/grpc.sock`, "--admin-addr", "off", "--log", "memory", "--log-format", "json",
    "--joins-per-minute", "0", "--rooms-per-hour", "0", "--streams-per-address", "0", "--calls-per-second", "0", ...flags,
  ], { stdio: ["ignore", "ignore", "pipe"] });
  const exited = once(child, "exit");
  const end = async (signal: "SIGTERM" | "SIGKILL"): Promise<void> => {
    child.kill(signal);
    await exited;
    await rm(folder, { recursive: true, force: true });
  };
  const said: string[] = [];
  const lines = createInterface({ input: child.stderr });
  for await (const line of lines) {
    said.push(line);
    const { http_addr: addr } = JSON.parse(line) as { http_addr?: string };
    if (addr !== undefined) {
      child.stderr.resume();
      return { baseUrl: `http://${addr}`, stop: () => end("SIGTERM"), kill: () => end("SIGKILL") };
    }
  }
  throw new Error(`singoffd didn't start:\n${said.join("\n")}`);
}
