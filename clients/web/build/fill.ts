import type { Plugin } from "vite";

/** Fills what the server fills into index.html, when Vite serves it during development. */
export function fill(): Plugin {
  return {
    name: "singoff:fill",
    apply: "serve",
    transformIndexHtml: {
      order: "pre",
      handler: (html) => html.replace("{{.Base}}", "/").replace("{{.Config}}", "{}").replaceAll("{{.Here}}", "").replaceAll("{{.Nonce}}", ""),
    },
  };
}
