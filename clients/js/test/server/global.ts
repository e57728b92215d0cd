import { execFile } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { promisify } from "node:util";
import type { TestProject } from "vitest/node";
import { startServer } from "./start.js";

declare module "vitest" {
  interface ProvidedContext {
    /** Base URL of the server that all tests share. */
    readonly baseUrl: string;
    /** The server's program, for tests that need one of their own. */
    readonly program: string;
  }
}

/** Builds singoffd from this checkout, or takes the one that SINGOFFD names, and starts one for all tests. */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const root = path.resolve(import.meta.dirname, "../../../..");
  const folder = await mkdtemp(path.join(tmpdir(), "singoff-js-"));
  const { SINGOFFD: given } = process.env as { SINGOFFD?: string };
  const program = given ?? path.join(folder, "singoffd");
  if (given === undefined) {
    await promisify(execFile)("go", ["build", "-tags", "grpcnotrace,disable_grpc_modules", "-o", program, "./cmd/singoffd"], { cwd: root });
  }
  const server = await startServer(program);
  project.provide("baseUrl", server.baseUrl);
  project.provide("program", program);
  return async () => {
    await server.stop();
    await rm(folder, { recursive: true });
  };
}
