/** A browser of another engine than Chromium, driven by what all of them have in common: scripts, a pointer and keys. */
export interface Engine {
  name: string;
  /** Opens a tab for somebody, with a memory of its own. */
  tab(): Promise<Tab>;
  close(): Promise<void>;
}

/** What an engine's protocol must be able to do. Actions are those of WebDriver, which are those of BiDi. */
export interface Driver {
  go(url: string): Promise<void>;
  /** The JSON of an expression's value, which may be a promise. */
  evaluate(expression: string): Promise<string>;
  perform(actions: object[]): Promise<void>;
  close(): Promise<void>;
}

const pollMs = 200;
const patienceMs = Number(process.env["SINGOFF_PATIENCE_MS"] ?? 120_000);

/** A tab in which a person clicks and types. Things are found by what people are told of them: role and name, or label. */
export class Tab {
  readonly #driver: Driver;

  constructor(driver: Driver) {
    this.#driver = driver;
  }

  go(url: string): Promise<void> {
    return this.#driver.go(url);
  }

  async run<T>(expression: string): Promise<T> {
    return JSON.parse(await this.#driver.evaluate(`Promise.resolve(${expression}).then((value) => JSON.stringify(value === undefined ? null : value))`)) as T;
  }

  /** Waits until an expression is true. */
  async until(expression: string, what = expression): Promise<void> {
    for (const end = Date.now() + patienceMs; Date.now() < end; ) {
      if (await this.run<boolean>(`!!(${expression})`)) {
        return;
      }
      await new Promise((resolve) => setTimeout(resolve, pollMs));
    }
    throw new Error(`not within ${patienceMs / 1000} s: ${what}; the page shows:\n${await this.run<string>("document.body.innerText")}`);
  }

  shows(text: string): Promise<void> {
    return this.until(`document.body.innerText.includes(${JSON.stringify(text)})`, `"${text}" is shown`);
  }

  /** Clicks what can be pressed and is named so: a regular expression's source. */
  async press(name: string): Promise<void> {
    await this.#click(`[...document.querySelectorAll("button, [role=button], a")].find((e) => !e.disabled && e.offsetParent !== null && new RegExp(${JSON.stringify(name)}).test((e.getAttribute("aria-label") ?? e.innerText).trim()))`, name);
  }

  /** Clicks into the field with this label, and types. */
  async fill(label: string, text: string): Promise<void> {
    const labelled = `[...document.querySelectorAll("input, textarea")].find((e) => [e.getAttribute("aria-label"), ...[...(e.labels ?? [])].map((l) => l.textContent)].some((l) => l?.trim().startsWith(${JSON.stringify(label)})))`;
    await this.#click(labelled, label);
    await this.run(`(${labelled}).select()`);
    await this.keys(text);
    await this.until(`(${labelled}).value === ${JSON.stringify(text)}`, `the field "${label}" holds "${text}"`);
  }

  /** Types; "\uE007" is Enter. What no keyboard of a driver has is inserted, as an input method does. */
  async keys(text: string): Promise<void> {
    for (const [part] of text.matchAll(/[\x20-\x7e\uE000-\uE05D]+|[^\x20-\x7e\uE000-\uE05D]+/gu)) {
      if (/[\x20-\x7e\uE000-\uE05D]/u.test(part)) {
        const actions = [...part].flatMap((value) => [{ type: "keyDown", value }, { type: "keyUp", value }]);
        await this.#driver.perform([{ type: "key", id: "keys", actions }]);
      } else {
        await this.run(`document.execCommand("insertText", false, ${JSON.stringify(part)})`);
      }
    }
  }

  close(): Promise<void> {
    return this.#driver.close();
  }

  async #click(element: string, what: string): Promise<void> {
    const still = `(() => { const e = ${element}; if (!e) return null; e.scrollIntoView({ block: "center" }); const b = e.getBoundingClientRect(); const x = Math.round(b.x + b.width / 2), y = Math.round(b.y + b.height / 2); const top = document.elementFromPoint(x, y); return top && (e.contains(top) || top.closest(".v-field")?.contains(e)) ? { x, y } : null; })()`;
    await this.until(still, `"${what}" can be clicked`);
    const { x, y } = await this.run<{ x: number; y: number }>(still);
    await this.#driver.perform([
      {
        type: "pointer", id: "mouse", parameters: { pointerType: "mouse" },
        actions: [{ type: "pointerMove", x, y, duration: 0, origin: "viewport" }, { type: "pointerDown", button: 0 }, { type: "pointerUp", button: 0 }],
      },
    ]);
  }
}
