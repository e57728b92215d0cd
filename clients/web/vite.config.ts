import { fileURLToPath } from "node:url";
import vue from "@vitejs/plugin-vue";
import vuetify from "vite-plugin-vuetify";
import { defineConfig } from "vitest/config";
import { compress } from "./build/compress.ts";
import { fill } from "./build/fill.ts";

const here = (path: string) => fileURLToPath(new URL(path, import.meta.url));

/** Where `vite` sends what isn't the page, during development. */
const server = process.env["SINGOFF_SERVER"] ?? "http://127.0.0.1:8080";

export default defineConfig({
  plugins: [vue(), vuetify({ autoImport: true }), fill(), compress()],
  base: "./",
  // Only what is used of vue-i18n: the composition API, and words by t().
  define: { __VUE_I18N_LEGACY_API__: false, __VUE_I18N_FULL_INSTALL__: false, __INTLIFY_PROD_DEVTOOLS__: false },
  // The server puts a fresh nonce in its place with each answer.
  html: { cspNonce: "{{.Nonce}}" },
  resolve: {
    alias: [
      { find: /^@singoff\/client$/, replacement: here("../js/src/index.ts") },
      { find: /^@singoff\/client\/protocol$/, replacement: here("../js/src/protocol.ts") },
      { find: /^@\//, replacement: here("./src/") },
    ],
  },
  build: {
    outDir: here("../../service/web/dist/page"),
    emptyOutDir: true,
    target: "es2022",
    assetsInlineLimit: 0, // the policy allows no data: URLs for scripts and styles
    modulePreload: { polyfill: false },
    reportCompressedSize: false,
    chunkSizeWarningLimit: 1000, // what counts is the first load, compressed, which a test measures
  },
  server: {
    fs: { allow: [here("."), here("../js")] },
    proxy: {
      "/singoff.v1.": { target: server, ws: true },
      "/songs": { target: server },
    },
  },
  test: {
    environment: "happy-dom",
    include: ["test/**/*.test.ts", "src/**/*.test.ts"],
    server: { deps: { inline: ["vuetify"] } },
  },
});
