/**
 * Renewing a session as pages do: with Directus's own SDK, and with a plain call.
 *
 * @module
 */

import { authentication, createDirectus } from "@directus/sdk";
import { assertEquals, assertNotEquals, assertStringIncludes } from "@std/assert";
import { LiveClient } from "../../live/client/live_client.ts";
import { type LiveState, type Refresh, refreshAt, refreshWith } from "../../live/client/mod.ts";
import { PASSWORD } from "../directus/contract_setup.ts";
import type { RealDirectus } from "./real_directus.ts";
import { serve } from "./server_setup.ts";

/** A browser's cookie jar in front of `fetch`, and a client of the SDK on it. */
class Browser {
  /** The `Cookie` header. */
  cookie = "";
  /** Number of calls to renew the session. */
  refreshes = 0;
  readonly directus: RealDirectus;

  constructor(directus: RealDirectus) {
    this.directus = directus;
  }

  readonly fetch = async (input: RequestInfo | URL, init?: RequestInit): Promise<Response> => {
    if (String(input).endsWith("/auth/refresh")) this.refreshes++;
    const headers = new Headers(init?.headers);
    if (this.cookie !== "") headers.set("cookie", this.cookie);
    const response = await fetch(input, { ...init, headers });
    const [pair] = response.headers.getSetCookie()[0]?.split(";", 1) ?? [];
    if (pair !== undefined) this.cookie = pair.endsWith("=") ? "" : pair;
    return response;
  };

  sdk() {
    return createDirectus(this.directus.url, { globals: { fetch: this.fetch } })
      .with(authentication("session", { credentials: "include", autoRefresh: false }));
  }
}

/** Registers the tests. */
export function refreshing(directus: RealDirectus): void {
  const login = { email: "ada@example.com", password: PASSWORD };

  for (
    const [name, create] of [
      ["refreshWith()", (browser: Browser) => refreshWith(browser.sdk())],
      ["refreshAt()", ({ fetch }: Browser) => refreshAt(directus.url, { fetch })],
    ] as [string, (browser: Browser) => Refresh][]
  ) {
    Deno.test(`${name} renews the session at Directus, until it has ended`, async () => {
      const browser = new Browser(directus);
      const refresh = create(browser);
      await browser.sdk().login(login);
      const { cookie } = browser;

      assertEquals(await refresh(), true);
      assertNotEquals(browser.cookie, cookie);
      await browser.sdk().logout();
      assertEquals([await refresh(), browser.cookie], [false, ""]);
    });
  }

  Deno.test("LiveClient with the SDK's own refresh() ends after one call once the session is over", async () => {
    await using served = await serve(directus);
    const browser = new Browser(directus);
    const sdk = browser.sdk();
    await sdk.login(login);
    const sockets: Promise<unknown>[] = [];
    const opened = Promise.withResolvers<void>();
    const closed = Promise.withResolvers<LiveState>();
    const live = new LiveClient(served.url, {
      refresh: () => sdk.refresh() as Promise<unknown> as Promise<void>,
      webSocket(url) {
        const socket = new WebSocket(url, { headers: { cookie: browser.cookie } });
        sockets.push(new Promise((resolve) => socket.addEventListener("close", resolve)));
        return socket;
      },
      onState(state) {
        if (state.phase === "open") opened.resolve();
        if (state.phase === "closed") closed.resolve(state);
      },
    }, { page: globalThis, random: () => 0 });
    await opened.promise;

    await sdk.logout();
    const state = await closed.promise;

    assertEquals([state.phase, browser.refreshes], ["closed", 1]);
    const reason = state.phase === "closed" ? state.reason : "";
    assertStringIncludes(reason, "session ended, and could not be refreshed: ");
    live.close();
    await Promise.all(sockets);
  });
}
