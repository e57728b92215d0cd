/** What the server tells the page: it is filled into index.html with each answer. */
export interface PageConfig {
  /** The address that people elsewhere can use, ends in a slash; empty: the page's own must do. */
  share: string;
  /** The server's version. */
  version: string;
}

/** Reads what the server filled in; anything else gives the defaults. */
export function parseConfig(text: string | null | undefined): PageConfig {
  const config: PageConfig = { share: "", version: "" };
  let given: unknown;
  try {
    given = JSON.parse(text ?? "");
  } catch {
    return config; // during development nobody fills it
  }
  if (typeof given !== "object" || given === null) {
    return config;
  }
  const fields = given as Record<string, unknown>;
  for (const name of ["share", "version"] as const) {
    const value = fields[name];
    if (typeof value === "string") {
      config[name] = value;
    }
  }
  return config;
}

const meta = (name: string) => document.querySelector<HTMLMetaElement>(`meta[name="${name}"]`)?.content;

export const config = parseConfig(meta("singoff"));

/**
 * Where the page lives, ends in a slash: whatever path a proxy puts before it. The `<base>` of index.html leads there from the address that
 * was opened; it is made absolute, since that address changes while the page is open.
 */
export const home = new URL(".", document.baseURI);
document.querySelector("base")?.setAttribute("href", home.href);

/** The nonce by which styles made at run time are let in. */
export const nonce = document.querySelector<HTMLMetaElement>('meta[property="csp-nonce"]')?.nonce ?? "";
