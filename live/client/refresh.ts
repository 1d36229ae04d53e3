/**
 * Ready-made functions for {@linkcode ConnectOptions.refresh}.
 *
 * @module
 */

import { isFinal } from "./refresh_failure.ts";

/** Renews the session's cookie: a {@linkcode ConnectOptions.refresh}. */
export type Refresh = () => Promise<boolean | void>;

/** The part of Directus's SDK that is used: a client with `authentication()`. */
export interface RefreshableClient {
  /** Renews the session. */
  refresh(options?: { mode?: "session" }): Promise<unknown>;
}

/** Options of {@linkcode refreshAt}. */
export interface RefreshOptions {
  /** Sends the request. @default {globalThis.fetch} */
  readonly fetch?: typeof globalThis.fetch;
}

/**
 * Renews the session with Directus's SDK. Its client needs
 * `authentication("session", { credentials: "include" })`.
 *
 * The SDK throws whenever the session was not renewed. This function returns `false` if Directus says
 * that it cannot be, and throws only if trying again may help.
 *
 * @example
 * ```ts ignore
 * const directus = createDirectus(url)
 *   .with(authentication("session", { credentials: "include" }));
 * const live = connect("wss://live.example.com", { refresh: refreshWith(directus) });
 * ```
 */
export function refreshWith(directus: RefreshableClient): Refresh {
  return async () => {
    try {
      await directus.refresh({ mode: "session" });
      return true;
    } catch (error) {
      if (isFinal(error)) return false;
      throw error;
    }
  };
}

/**
 * Renews the session with a call to Directus: `POST /auth/refresh` with the mode `session` and the
 * page's cookies. Returns `false` if Directus says that it cannot be renewed, and throws if trying
 * again may help.
 *
 * @param directusUrl Address of Directus; in a page also a path of its own origin.
 * @param options How to call it.
 * @throws {TypeError} If the address is not a URL.
 *
 * @example
 * ```ts ignore
 * const refresh = refreshAt("https://directus.example.com");
 * const live = connect("wss://live.example.com", { refresh });
 * ```
 */
export function refreshAt(directusUrl: string | URL, options: RefreshOptions = {}): Refresh {
  const url = new URL(directusUrl, globalThis.location?.href).href.replace(/\/*$/, "/auth/refresh");
  const { fetch = globalThis.fetch } = options;
  return refreshWith({
    async refresh() {
      const response = await fetch(url, {
        method: "POST",
        credentials: "include",
        headers: { "content-type": "application/json" },
        body: '{"mode":"session"}',
      });
      await response.body?.cancel(); // the status is enough
      const { ok, status } = response;
      if (!ok) throw Object.assign(new Error(`Directus answered ${status}`), { status });
    },
  });
}
