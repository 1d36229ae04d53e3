/**
 * What the page around the client tells of itself.
 *
 * @module
 */

/** What is used of a browser's window; elsewhere there is less of it, or nothing. */
export interface Page {
  /** Listens to the page's events. */
  addEventListener?(type: string, listener: () => void, options: { signal: AbortSignal }): void;
  /** Whether the page can be seen. */
  readonly document?: { readonly visibilityState: string };
}

/** A connection may have died unnoticed while its page was hidden for so long, in milliseconds. */
const LONG_HIDDEN_MS = 30_000;

/**
 * Listens for the moments at which a page wants its connection back: it can be seen again, or the
 * network is there again.
 *
 * @param wake Called then, with whether an open connection may be dead all the same.
 * @returns What ends it.
 */
export function onWake(page: Page, wake: (suspect: boolean) => void): () => void {
  const stop = new AbortController();
  const { signal } = stop;
  let hiddenAt = Date.now();
  page.addEventListener?.("online", () => wake(true), { signal });
  page.addEventListener?.("visibilitychange", () => {
    if (page.document?.visibilityState === "hidden") hiddenAt = Date.now();
    else wake(Date.now() - hiddenAt > LONG_HIDDEN_MS);
  }, { signal });
  return () => stop.abort();
}
