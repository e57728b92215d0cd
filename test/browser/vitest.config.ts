import { fileURLToPath } from "node:url";
import { defineConfig } from "vitest/config";

export default defineConfig({
  // The SDK's own.
  resolve: { alias: [{ find: /^@bufbuild\/protobuf$/, replacement: fileURLToPath(new URL("../../clients/js/node_modules/@bufbuild/protobuf/dist/esm/index.js", import.meta.url)) }] },
  test: {
    include: ["*.test.ts"],
    globalSetup: ["stand/build.ts"],
    testTimeout: 240_000,
    hookTimeout: 120_000,
    expect: { poll: { timeout: 60_000, interval: 50 } }, // a busy machine
    maxWorkers: 2,
  },
});
