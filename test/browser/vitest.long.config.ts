import { defineConfig } from "vitest/config";

/** What takes long, or needs what not every machine has; each has a target of make. */
export default defineConfig({
  test: {
    include: ["long/*.test.ts"],
    globalSetup: ["stand/build.ts"],
    testTimeout: 900_000,
    hookTimeout: 120_000,
    expect: { poll: { timeout: 120_000, interval: 100 } },
    fileParallelism: false,
  },
});
