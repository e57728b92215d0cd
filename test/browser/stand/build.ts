import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestProject } from "vitest/node";
import { root } from "./paths.ts";

declare module "vitest" {
  interface ProvidedContext {
    /** The folder with singoffd and singoff. */
    bin: string;
  }
}

/** Builds the page and both programs as they are in this tree, before any test. */
export default function setup(project: TestProject): () => void {
  const bin = mkdtempSync(join(tmpdir(), "singoff-browser-"));
  execFileSync("make", ["--no-print-directory", "page"], { cwd: root, stdio: ["ignore", "ignore", "inherit"] });
  execFileSync("go", ["build", "-tags", "grpcnotrace,disable_grpc_modules", "-o", bin, "./cmd/singoffd", "./cmd/singoff"], {
    cwd: root,
    stdio: "inherit",
  });
  project.provide("bin", bin);
  return () => rmSync(bin, { recursive: true, force: true });
}
