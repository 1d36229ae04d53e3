/**
 * The server with a Directus of other settings: it caches responses, limits lists to ten items, and
 * renames the session cookie.
 *
 * @module
 */

import { assertEquals, assertRejects } from "@std/assert";
import { post } from "../directus/contract_setup.ts";
import type { RealDirectus } from "./real_directus.ts";
import { serve, type Served } from "./server_setup.ts";

const COOKIE = "app_session";

/** Environment of that Directus. */
export const SETTINGS: Readonly<Record<string, string>> = {
  CACHE_ENABLED: "true",
  CACHE_STORE: "memory",
  CACHE_TTL: "1h",
  CACHE_AUTO_PURGE: "false", // the default
  QUERY_LIMIT_MAX: "10",
  SESSION_COOKIE_NAME: COOKIE,
};

/** Registers the tests. The Directus must have the user Ada. */
export function settings(directus: RealDirectus): void {
  const login = { email: "ada@example.com", password: "demo", mode: "session" };

  async function logIn(): Promise<string> {
    const response = await post(directus, "/auth/login", login);
    await response.body?.cancel();
    return response.headers.getSetCookie()[0]?.split(";", 1)[0] ?? "";
  }

  function start(env: Readonly<Record<string, string>> = {}): Promise<Served> {
    return serve(directus, { DIRECTUS_SESSION_COOKIE: COOKIE, ...env });
  }

  /** Requests an item as any client would; resolves to the status. */
  async function statusOf(cookie: string, item: string): Promise<number> {
    const { status, body } = await directus.fetch(`/items/${item}?fields=id`, {
      headers: { cookie },
    });
    await body?.cancel();
    return status;
  }

  const hide = (id: number) => directus.admin("PATCH", `/items/events/${id}`, { title: "Hidden" });

  Deno.test("main.ts: a revalidation notices a hidden item even if Directus caches responses", async () => {
    await using served = await start();
    const cookie = await logIn();
    await using client = await served.connect(cookie);
    await client.subscribe("event:1");
    assertEquals(await statusOf(cookie, "events/1"), 200);

    await hide(1);

    const { type, reason } = await client.next();
    assertEquals([type, reason], ["unsubscribed", "forbidden"]);
    assertEquals(await statusOf(cookie, "events/1"), 200); // from its cache
  });

  Deno.test("main.ts: a subscription to a hidden item is refused even if Directus caches responses", async () => {
    await using served = await start({ LIVE_REVALIDATE_INTERVAL_MS: "0" });
    const cookie = await logIn();
    await using before = await served.connect(cookie);
    assertEquals((await before.subscribe("event:2")).type, "subscribed");
    assertEquals(await statusOf(cookie, "events/2"), 200);

    await hide(2);

    await using after = await served.connect(cookie);
    assertEquals((await after.subscribe("event:2")).code, "forbidden");
    assertEquals(await statusOf(cookie, "events/2"), 200); // from its cache
  });

  Deno.test("main.ts: an ended session is refused even if Directus caches responses", async () => {
    await using served = await start();
    const cookie = await logIn();
    await using client = await served.connect(cookie);
    const response = await post(directus, "/auth/logout", { mode: "session" }, cookie);
    await response.body?.cancel();
    assertEquals((await client.closed).code, 4401);
    await assertRejects(() => served.connect(cookie));
  });

  Deno.test("main.ts: topics are allowed beyond the limit of Directus's lists", async () => {
    await using served = await start();
    await using client = await served.connect(await logIn());
    const ids = Array.from({ length: 30 }, (_, index) => index + 1);
    for (const id of ids) client.send({ type: "subscribe", topic: `many:${id}` });
    const answers = await client.take(ids.length);
    assertEquals(new Set(answers.map(({ type }) => type)), new Set(["subscribed"]));
  });
}
