import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** A PulseAudio of a test: two loudspeakers that are the left and the right of one that nobody hears, so that both can be recorded by one clock. */
export interface Pulse {
  /** What a program must have in its environment to be heard on one of the loudspeakers. */
  env(loudspeaker: "left" | "right"): Record<string, string>;
  /** Records both for so long: samples of the left and the right, 48,000 a second. */
  record(seconds: number): Promise<{ left: Int16Array; right: Int16Array }>;
  stop(): Promise<void>;
}

export const sampleRate = 48_000;

/** Starts one. */
export async function pulse(): Promise<Pulse> {
  const home = mkdtempSync(join(tmpdir(), "singoff-pulse-"));
  const socket = join(home, "native");
  const env = { ...process.env, HOME: home, XDG_RUNTIME_DIR: home, PULSE_SERVER: `unix:${socket}` } as Record<string, string>;
  const half = (name: string, of: string) =>
    `module-remap-sink sink_name=${name} master=both channels=2 channel_map=front-left,front-right master_channel_map=${of},${of} remix=no`;
  const modules = [
    `module-null-sink sink_name=both rate=${sampleRate} channels=2 channel_map=front-left,front-right`,
    half("left", "front-left"),
    half("right", "front-right"),
    `module-native-protocol-unix socket=${socket} auth-anonymous=1`,
  ];
  const args = ["-n", "--daemonize=no", "--exit-idle-time=-1", "--use-pid-file=no", "--log-target=stderr", ...modules.flatMap((m) => ["-L", m])];
  const daemon = spawn("pulseaudio", args, { env, stdio: ["ignore", "ignore", "pipe"] });
  const said: string[] = [];
  daemon.stderr.on("data", (bytes) => said.push(String(bytes)));
  for (let i = 0; !existsSync(socket); i++) {
    if (daemon.exitCode !== null || i > 200) {
      throw new Error(`pulseaudio doesn't start:\n${said.join("")}`);
    }
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  return {
    env: (loudspeaker) => ({ ...env, PULSE_SINK: loudspeaker }),
    async record(seconds) {
      const recorder = spawn("parec", ["--device=both.monitor", "--format=s16le", `--rate=${sampleRate}`, "--channels=2", "--raw", "--latency-msec=50"], {
        env,
        stdio: ["ignore", "pipe", "inherit"],
      });
      const chunks: Buffer[] = [];
      const wanted = seconds * sampleRate * 4;
      for await (const chunk of recorder.stdout) {
        chunks.push(chunk as Buffer);
        if (chunks.reduce((sum, c) => sum + c.length, 0) >= wanted) {
          break;
        }
      }
      await ended(recorder);
      const bytes = Buffer.concat(chunks);
      const frames = Math.floor(bytes.length / 4);
      const left = Int16Array.from({ length: frames }, (_, i) => bytes.readInt16LE(4 * i));
      const right = Int16Array.from({ length: frames }, (_, i) => bytes.readInt16LE(4 * i + 2));
      return { left, right };
    },
    async stop() {
      await ended(daemon);
      rmSync(home, { recursive: true, force: true });
    },
  };
}

/** Ends a program that was started here. */
export async function ended(child: ChildProcess): Promise<void> {
  if (child.exitCode === null && child.signalCode === null) {
    const exit = once(child, "exit");
    child.kill();
    await exit;
  }
}
