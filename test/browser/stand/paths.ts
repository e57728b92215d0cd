import { fileURLToPath } from "node:url";

/** The repository. */
export const root = fileURLToPath(new URL("../../../", import.meta.url));

/** Where the run leaves its pictures. */
export const pictures = fileURLToPath(new URL("../test-results/", import.meta.url));
