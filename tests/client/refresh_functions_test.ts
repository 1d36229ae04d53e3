/**
 * Ready-made functions that renew a session: with Directus's own SDK, and with a plain call.
 *
 * @module
 */

import { authentication, createDirectus } from "@directus/sdk";
import { assertEquals, assertRejects, assertThrows } from "@std/assert";
import { FakeTime } from "@std/testing/time";
import { type Refresh, refreshAt, refreshWith } from "../../live/client/mod.ts";
import { createDirectusStandIn, type DirectusStandIn } from "../directus/stand_in.ts";
import { BASE, options } from "../support/directus.ts";
import { openSetup } from "./setup.ts";

const REFRESH = "POST /auth/refresh";

/** A browser with a session at a Directus: it keeps the cookie, and sends it with credentials only. */
class Browser {
  readonly directus: DirectusStandIn = createDirectusStandIn(options);
  cookie: string = this.directus.session("ada-id");
  /** What `fetch` rejects with. */
  failure: Error | undefined;

  readonly fetch = async (input: RequestInfo | URL, init?: RequestInit): Promise<Response> => {
    if (this.failure !== undefined) throw this.failure;
    const headers = new Headers(init?.headers);
    if (init?.credentials === "include") headers.set("cookie", this.cookie);
    const response = await this.directus.fetch(input, { ...init, headers });
    const [pair] = response.headers.getSetCookie()[0]?.split(";", 1) ?? [];
    if (pair !== undefined) this.cookie = pair;
    return response;
  };

  /** Returns a client of the SDK, which sets no timer. */
  sdk() {
    return createDirectus(BASE, { globals: { fetch: this.fetch } })
      .with(authentication("session", { credentials: "include", autoRefresh: false }));
  }
}

for (
  const [name, create] of [
    ["refreshWith() of the SDK", (browser: Browser) => refreshWith(browser.sdk())],
    ["refreshAt()", ({ fetch }: Browser) => refreshAt(BASE, { fetch })],
  ] as [string, (browser: Browser) => Refresh][]
) {
  Deno.test(`${name} renews the session's cookie`, async () => {
    const browser = new Browser();
    const { cookie, directus } = browser;

    assertEquals(await create(browser)(), true);

    assertEquals([browser.cookie === cookie, directus.count(REFRESH)], [false, 1]);
    const headers = { cookie: browser.cookie };
    assertEquals((await directus.fetch(`${BASE}/users/me`, { headers })).status, 200);
  });

  for (
    const [what, end] of [
      ["has expired", (browser: Browser) => browser.directus.expire(browser.cookie)],
      ["was logged out", (browser: Browser) => browser.directus.logOut(browser.cookie)],
      ["has no cookie any more", (browser: Browser) => browser.cookie = ""],
    ] as const
  ) {
    Deno.test(`${name} is false if the session ${what}`, async () => {
      const browser = new Browser();
      end(browser);

      assertEquals([await create(browser)(), browser.directus.count(REFRESH)], [false, 1]);
    });
  }

  for (const fault of ["pressure", "limited", "broken"] as const) {
    Deno.test(`${name} throws while Directus is ${fault}`, async () => {
      const browser = new Browser();
      browser.directus.fail(fault);

      await assertRejects(create(browser), Error);
    });
  }

  Deno.test(`${name} throws while the network is down`, async () => {
    const browser = new Browser();
    browser.failure = new TypeError("network");

    await assertRejects(create(browser), TypeError, "network");
  });
}

for (
  const [given, called] of [
    ["https://directus.example", "https://directus.example/auth/refresh"],
    ["https://directus.example/", "https://directus.example/auth/refresh"],
    ["https://example.com/cms//", "https://example.com/cms/auth/refresh"],
    [new URL("https://example.com/cms"), "https://example.com/cms/auth/refresh"],
  ] as const
) {
  Deno.test(`refreshAt("${given}") calls ${called}`, async () => {
    const calls: unknown[] = [];
    const refresh = refreshAt(given, {
      fetch: (input, init) => {
        calls.push([input, init?.method, init?.credentials, init?.body]);
        return Promise.resolve(new Response());
      },
    });

    assertEquals(await refresh(), true);

    assertEquals(calls, [[called, "POST", "include", '{"mode":"session"}']]);
  });
}

Deno.test("refreshAt() takes no address that is not a URL", () => {
  assertThrows(() => refreshAt("not a URL"), TypeError);
});

for (
  const [name, create] of [
    ["the SDK's own refresh()", (browser: Browser) => {
      const directus = browser.sdk();
      return () => directus.refresh() as Promise<unknown> as Promise<void>;
    }],
    ["refreshWith()", (browser: Browser) => refreshWith(browser.sdk())],
    ["refreshAt()", ({ fetch }: Browser) => refreshAt(BASE, { fetch })],
  ] as [string, (browser: Browser) => Refresh][]
) {
  Deno.test(`LiveClient with ${name} calls Directus once after the session has expired`, async () => {
    using time = new FakeTime();
    const browser = new Browser();
    using setup = openSetup({ refresh: create(browser) });
    const errors: Error[] = [];
    setup.follow("event:1", { onError: (error) => errors.push(error) });
    browser.cookie = ""; // an expired cookie is not sent any more: Directus answers 400

    setup.socket.end(4401, "session is no longer good");
    await time.runMicrotasks();
    setup.socket.end(4501, "no valid session");
    for (let turn = 0; turn < 100 && setup.live.state.phase !== "closed"; turn++) {
      await time.runMicrotasks();
    }
    await time.runMicrotasks();

    assertEquals([setup.live.state.phase, browser.directus.count(REFRESH)], ["closed", 1]);
    assertEquals(time.next(), false, "nothing is left to try");
    const [{ message = "" } = {}] = errors;
    assertEquals(/^session ended, and could not be refreshed/.test(message), true, message);
  });
}
