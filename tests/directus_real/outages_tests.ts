/**
 * A Directus that hangs, limits the rate of calls, or is down.
 *
 * @module
 */

import { assert, assertEquals } from "@std/assert";
import { logIn, ME } from "../directus/contract_setup.ts";
import { type Head, RawClient } from "../support/raw_client.ts";
import { RealDirectus } from "./real_directus.ts";
import { serve } from "./server_setup.ts";
import { createUser, createWorld } from "./world_setup.ts";

/** Registers the tests. */
export function outages(): void {
  Deno.test("main.ts: clients stay connected while Directus hangs, limits or is down, and new ones get 503", async () => {
    await using directus = await RealDirectus.start("outages", {
      RATE_LIMITER_ENABLED: "true",
      RATE_LIMITER_STORE: "memory",
      RATE_LIMITER_POINTS: "500",
      RATE_LIMITER_DURATION: "600",
    });
    const { editor } = await createWorld(directus);
    await createUser(directus, "ada", { role: editor });
    const cookie = await logIn(directus, "ada");
    await using served = await serve(directus, { DIRECTUS_AUTH_TIMEOUT_MS: "500" });
    await using client = await served.connect(cookie);
    await client.subscribe("event:1");
    const assertConnected = async (what: string) => {
      await served.publish("event:1", what);
      assertEquals((await client.next()).data, what);
    };

    directus.hang();
    assertUnavailable(await knock(served.port, cookie));
    await assertConnected("while it hangs");
    directus.goOn();
    while ((await knock(served.port, cookie)).status !== 101);

    const limited = await untilLimited(directus, cookie);
    assertEquals(limited.code, "REQUESTS_EXCEEDED");
    assert(Number(limited.retryAfter) > 0, `Retry-After is ${limited.retryAfter}`);
    assertUnavailable(await knock(served.port, cookie));
    await assertConnected("while it limits");

    await directus.stop();
    assertUnavailable(await knock(served.port, cookie));
    await assertConnected("while it is down");
  });
}

/** Requests an upgrade, and disconnects. */
async function knock(port: number, cookie: string): Promise<Head> {
  using client = await RawClient.connect(port);
  return await client.upgrade("/", { cookie });
}

function assertUnavailable({ status, headers }: Head): void {
  assertEquals(status, 503);
  assert(Number(headers.get("retry-after")) > 0, "There is no Retry-After");
}

/** Sends requests until one exceeds the rate limit. */
async function untilLimited(
  directus: RealDirectus,
  cookie: string,
): Promise<{ code: string; retryAfter: string | null }> {
  for (;;) {
    const response = await directus.fetch(ME, { headers: { cookie } });
    const { errors } = await response.json();
    if (response.status !== 429) continue;
    return { code: errors[0].extensions.code, retryAfter: response.headers.get("retry-after") };
  }
}
