/**
 * Attempts to reconnect after the server has rejected the session.
 *
 * @module
 */

import type { Refresh } from "./refresh.ts";
import { isFinal, messageOf } from "./refresh_failure.ts";
import { SESSION_ENDED } from "./retry.ts";

/** The part of the Web Locks API that is used. The tabs of an origin share the locks. */
export interface Locks {
  /** Calls back while it holds the lock; with `ifAvailable`, with `null` if another tab holds it. */
  request<T>(
    name: string,
    options: { readonly ifAvailable?: boolean; readonly signal?: AbortSignal },
    callback: (lock: unknown) => T,
  ): Promise<Awaited<T>>;
}

/** The lock under which a tab refreshes. */
const LOCK = "live:refresh";

/** How long a tab waits for another tab's refresh, in milliseconds. That tab may hang. */
const LOCK_TIMEOUT_MS = 10_000;

/** How often the server may reject the session in a row before the client gives up. */
const MAX_REJECTIONS = 5;

/**
 * How often `refresh()` may throw in a row before the client gives up. With the delays between the calls,
 * that takes about four minutes, longer than a restart of Directus.
 */
const MAX_FAILURES = 20;

/** The close reason if the server rejects a fresh cookie as well. */
const GAVE_UP = "session ended, and could not be refreshed";

/** What the refresh under the lock resolves to if another tab holds it. */
const BUSY = Symbol();

/**
 * Decides whether to reconnect, so that the tabs of a browser do not log each other out: each refresh
 * replaces the cookie of all of them.
 *
 * 1. It tries the current cookie, because another tab may have refreshed it.
 * 2. It refreshes the cookie. Only one tab does so at a time; the others wait, and then continue with step 1.
 * 3. If the server accepted the fresh cookie and then ended the session again, it tries the current cookie
 *    once more, because another tab may have refreshed right after this one.
 */
export class Renewal {
  readonly #refresh: Refresh | undefined;
  readonly #locks: Locks | undefined;
  #rejections = 0;
  #failures = 0;
  #hasRefreshed = false;

  /** Creates a renewal that has not begun. */
  constructor(refresh: Refresh | undefined, locks: Locks | undefined) {
    this.#refresh = refresh;
    this.#locks = locks;
  }

  /** Whether the server has rejected the session since the connection was last stable. */
  get hasBegun(): boolean {
    return this.#rejections > 0;
  }

  /** Forgets all attempts, because the connection is stable. */
  reset(): void {
    this.#rejections = 0;
    this.#failures = 0;
    this.#hasRefreshed = false;
  }

  /**
   * Resolves to `undefined` if reconnecting may help; otherwise to the reason why it cannot.
   *
   * @param code The close code of the rejection.
   * @throws What `refresh()` throws, if repeating it may help. The next call does so.
   */
  async next(code: number): Promise<string | undefined> {
    if (this.#rejections === MAX_REJECTIONS) return GAVE_UP;
    try {
      const mayHelp = this.#rejections === 0 ||
        (this.#hasRefreshed ? code === SESSION_ENDED : await this.#renew());
      this.#rejections++;
      this.#failures = 0;
      return mayHelp ? undefined : GAVE_UP;
    } catch (error) {
      if (!isFinal(error) && ++this.#failures < MAX_FAILURES) throw error;
      return `${GAVE_UP}: ${messageOf(error)}`;
    }
  }

  /** Refreshes, or waits for another tab that does. Resolves to `false` if that is impossible. */
  async #renew(): Promise<boolean> {
    const [refresh, locks] = [this.#refresh, this.#locks];
    if (refresh === undefined) return false;
    const fresh = locks === undefined
      ? await refresh()
      : await locks.request(LOCK, { ifAvailable: true }, (lock) => lock ? refresh() : BUSY);
    this.#hasRefreshed = fresh !== BUSY;
    if (fresh === BUSY) {
      const signal = AbortSignal.timeout(LOCK_TIMEOUT_MS);
      await locks?.request(LOCK, { signal }, () => {}).catch(() => {});
    }
    return fresh !== false;
  }
}
