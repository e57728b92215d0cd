import { readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { brotliCompress, constants, gzip } from "node:zlib";
import type { Plugin } from "vite";

const compressible = /\.(js|css|svg|json|webmanifest|txt)$/;
/** Below this a file isn't worth a second one. */
const smallestBytes = 512;

/** Writes a brotli and a gzip twin beside each file that shrinks, so that the server never compresses anything itself. */
export function compress(): Plugin {
  let outDir = "";
  return {
    name: "singoff:compress",
    apply: "build",
    configResolved(config) {
      outDir = config.build.outDir;
    },
    async closeBundle() {
      const files = await readdir(outDir, { recursive: true });
      await Promise.all(files.filter((file) => compressible.test(file)).map((file) => twin(join(outDir, file))));
    },
  };
}

async function twin(path: string): Promise<void> {
  const bytes = await readFile(path);
  if (bytes.length < smallestBytes) {
    return;
  }
  const brotli = promisify(brotliCompress)(bytes, {
    params: { [constants.BROTLI_PARAM_QUALITY]: 11, [constants.BROTLI_PARAM_SIZE_HINT]: bytes.length },
  });
  await Promise.all([
    brotli.then((small) => writeFile(`${path}.br`, small)),
    promisify(gzip)(bytes, { level: 9 }).then((small) => writeFile(`${path}.gz`, small)),
  ]);
}
