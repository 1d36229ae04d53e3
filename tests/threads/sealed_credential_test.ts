/**
 * Tests of credentials that cross between threads.
 *
 * @module
 */

import { assertEquals } from "@std/assert";
import { BearerToken, PUBLIC } from "../../live/domain/credential.ts";
import { SessionCookie } from "../../live/domain/session_cookie.ts";
import { seal, unseal } from "../../live/threads/sealed_credential.ts";

for (
  const [name, credential] of [
    ["a bearer token", new BearerToken("token")],
    ["a cookie", new SessionCookie("session", "a=b")],
    ["the public", PUBLIC],
  ] as const
) {
  Deno.test(`unseal() returns ${name} that was sealed`, () => {
    const crossed = unseal(structuredClone(seal(credential)));

    assertEquals(crossed.hash(), credential.hash());
    assertEquals(crossed.requestHeader(), credential.requestHeader());
    assertEquals(crossed === PUBLIC, credential === PUBLIC);
  });
}
