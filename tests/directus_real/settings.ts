/**
 * The server in front of a Directus that is set up otherwise: it caches what it answers, cuts lists
 * short, and its session's cookie has another name.
 *
 * @module
 */

import { assertEquals, assertRejects } from "@std/assert";
import { post } from "../directus/contract_setup.ts";
import type { RealDirectus } from "./real_directus.ts";
import { serve, type Served } from "./served.ts";

const COOKIE = "app_session";

/** Environment of such a Directus. */
export const SETTINGS: Readonly<Record<string, string>> = {
  CACHE_ENABLED: "true",
  CACHE_STORE: "memory",
  CACHE_TTL: "1h",
  CACHE_AUTO_PURGE: "false", // as it is out of the box
  QUERY_LIMIT_MAX: "10",
  SESSION_COOKIE_NAME: COOKIE,
};

/** Registers the tests, for a Directus in whose world there is Ada. */
export function settings(directus: RealDirectus): void {
  const login = { email: "ada@example.com", password: "demo", mode: "session" };

  async function logIn(): Promise<string> {
    const response = await post(directus, "/auth/login", login);
    await response.body?.cancel();
    return response.headers.getSetCookie()[0]?.split(";", 1)[0] ?? "";
  }

  function serveIt(env: Readonly<Record<string, string>> = {}): Promise<Served> {
    return serve(directus, { DIRECTUS_SESSION_COOKIE: COOKIE, ...env });
  }

  /** What Directus answers who asks for an item as anybody would. */
  async function ask(cookie: string, item: string): Promise<number> {
    const { status, body } = await directus.fetch(`/items/${item}?fields=id`, {
      headers: { cookie },
    });
    await body?.cancel();
    return status;
  }

  const hide = (id: number) => directus.admin("PATCH", `/items/events/${id}`, { title: "Hidden" });

  Deno.test("main.ts: an item that is hidden is noticed though Directus caches its answers", async () => {
    await using served = await serveIt();
    const cookie = await logIn();
    await using client = await served.connect(cookie);
    await client.subscribe("event:1");
    assertEquals(await ask(cookie, "events/1"), 200);

    await hide(1);

    const { type, reason } = await client.next();
    assertEquals([type, reason], ["unsubscribed", "forbidden"]);
    assertEquals(await ask(cookie, "events/1"), 200); // from its cache
  });

  Deno.test("main.ts: an item that is hidden is granted to nobody though Directus caches its answers", async () => {
    await using served = await serveIt({ LIVE_REVALIDATE_INTERVAL_MS: "0" });
    const cookie = await logIn();
    await using before = await served.connect(cookie);
    assertEquals((await before.subscribe("event:2")).type, "subscribed");
    assertEquals(await ask(cookie, "events/2"), 200);

    await hide(2);

    await using after = await served.connect(cookie);
    assertEquals((await after.subscribe("event:2")).code, "forbidden");
    assertEquals(await ask(cookie, "events/2"), 200); // from its cache
  });

  Deno.test("main.ts: a session that ended is refused though Directus caches its answers", async () => {
    await using served = await serveIt();
    const cookie = await logIn();
    await using client = await served.connect(cookie);
    const response = await post(directus, "/auth/logout", { mode: "session" }, cookie);
    await response.body?.cancel();
    assertEquals((await client.closed).code, 4401);
    await assertRejects(() => served.connect(cookie));
  });

  Deno.test("main.ts: more topics than Directus puts in a list are granted all the same", async () => {
    await using served = await serveIt();
    await using client = await served.connect(await logIn());
    const ids = Array.from({ length: 30 }, (_, index) => index + 1);
    for (const id of ids) client.send({ type: "subscribe", topic: `many:${id}` });
    const answers = await client.take(ids.length);
    assertEquals(new Set(answers.map(({ type }) => type)), new Set(["subscribed"]));
  });
}
