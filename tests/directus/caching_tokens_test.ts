/**
 * Tests of caching with bearer tokens, which are never treated as session cookies.
 *
 * @module
 */

import { assertEquals } from "@std/assert";
import { BearerToken } from "../../live/domain/credential.ts";
import { SessionCookie } from "../../live/domain/session_cookie.ts";
import { CachingSetup } from "./caching_setup.ts";

Deno.test("CachingAuthority asks once for a hundred connections with one token", async () => {
  const { cache, asked, metrics } = new CachingSetup();
  const ask = () => cache.authenticate(new BearerToken("ada"));

  await Promise.all(Array.from({ length: 50 }, ask));
  for (let index = 0; index < 50; index++) await ask();

  assertEquals(asked.length, 1);
  assertEquals(metrics.avoidedCalls, { cache: 50, coalesced: 49, batched: 0 });
});

Deno.test("CachingAuthority does not reuse the answer about a token for a cookie with the same value", async () => {
  const { cache, asked } = new CachingSetup();

  await cache.authenticate(new BearerToken("ada"));
  await cache.authenticate(new SessionCookie("session", "ada"));

  assertEquals(asked.length, 2);
});
