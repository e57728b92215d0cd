import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    projects: [
      { test: { name: "unit", include: ["test/**/*.test.ts"], exclude: ["test/server/**"], testTimeout: 30_000 } },
      {
        resolve: { alias: { "@singoff/client": new URL("src/index.ts", import.meta.url).pathname } },
        test: { name: "server", include: ["test/server/**/*.test.ts"], globalSetup: ["test/server/global.ts"], testTimeout: 30_000, hookTimeout: 120_000 },
      },
    ],
  },
});
