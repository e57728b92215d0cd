/** Page is what is listened to of a browser's page: window and document. */
export interface Page {
  readonly window: EventTarget | undefined;
  readonly document: (EventTarget & { readonly visibilityState: string }) | undefined;
}

/** The page this runs in; in Node, none. */
export function thisPage(): Page {
  const globals = globalThis as Partial<{ window: EventTarget; document: Page["document"] }>;
  return { window: globals.window, document: globals.document };
}

/** PageListener is told what happens to the page. */
export interface PageListener {
  /** It is seen again, was frozen and goes on, or the network is there again. */
  woken(): void;
  /** It may be frozen or closed at any moment from now on. */
  left(): void;
}

/** listenTo tells a listener what happens to a page, and gives what ends that. */
export function listenTo({ window, document }: Page, listener: PageListener): () => void {
  const end = new AbortController();
  const { signal } = end;
  const woken = (): void => { listener.woken(); };
  const left = (): void => { listener.left(); };
  for (const name of ["pageshow", "online"]) {
    window?.addEventListener(name, woken, { signal });
  }
  window?.addEventListener("pagehide", left, { signal });
  document?.addEventListener("resume", woken, { signal });
  document?.addEventListener("freeze", left, { signal });
  document?.addEventListener("visibilitychange", () => {
    (document.visibilityState === "visible" ? woken : left)();
  }, { signal });
  return () => { end.abort(); };
}
