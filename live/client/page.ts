/**
 * The parts of the page that matter to a connection.
 *
 * @module
 */

import type { Locks } from "./renewal.ts";

/** The part of a browser's window that is used. Other runtimes have less of it, or nothing. */
export interface Page {
  /** Listens to the page's events. */
  addEventListener?(type: string, listener: () => void, options: { signal: AbortSignal }): void;
  /** Whether the page is visible. */
  readonly document?: { readonly visibilityState: string };
  /** Locks that the tabs of an origin share. Pages without TLS have none. */
  readonly navigator?: object & { readonly locks?: Locks };
}

/** A connection may have died unnoticed while its page was hidden for this long, in milliseconds. */
const LONG_HIDDEN_MS = 30_000;

/**
 * Listens for the moments at which a page needs its connection at once: it becomes visible, or the
 * network is back.
 *
 * @param wake Called at these moments, with whether an open connection may be dead.
 * @returns A function that stops listening.
 */
export function onWake(page: Page, wake: (mayBeDead: boolean) => void): () => void {
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
