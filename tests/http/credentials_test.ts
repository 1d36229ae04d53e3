/**
 * Properties of what requests are authenticated with, for made-up texts.
 *
 * @module
 */

import { assert, assertEquals } from "@std/assert";
import { type Presented, presentedCredential } from "../../live/http/credentials.ts";
import { Random } from "../support/random.ts";

const COOKIE = "directus_session_token";

/** Returns the token that Directus reads in an `Authorization` header, as far as it gets there. */
function directusReads(header: string): string | undefined {
  const [scheme = "", token, ...more] = header.split(" ");
  return scheme.toLowerCase() === "bearer" && more.length === 0 ? token : undefined;
}

/** Returns texts that resemble tokens and headers, and some that do not. */
function texts(seed: number, count: number): string[] {
  const random = new Random(seed);
  const parts = ["Bearer", "bearer ", " ", "\t", ",", "=", ".", "%00", "ada", "é", "\u00ad", "🗝️"];
  const text = () =>
    Array.from(
      { length: 1 + random.below(6) },
      () => random.of([random.of(parts), random.text(1 + random.below(4))]),
    ).join("");
  return Array.from({ length: count }, text);
}

/**
 * Asserts that Directus will read the very token that a credential holds, and that the cookie counts only
 * where there is no token. Returns whether the token was taken.
 */
function assertForwarded(presented: Presented, token: string): boolean {
  if (typeof presented === "string") return false;
  const [name, value] = presented.requestHeader() ?? [];
  if (name === "cookie") {
    assertEquals([value, token], [`${COOKIE}=bob`, ""]);
    return false;
  }
  assertEquals(value, `Bearer ${token}`);
  const sent = new Headers({ authorization: value ?? "" }).get("authorization") ?? "";
  assertEquals(directusReads(sent), token);
  return true;
}

Deno.test("presentedCredential() of 5,000 headers throws nothing, and forwards what Directus reads", () => {
  let taken = 0;
  for (const text of texts(1, 5_000)) {
    const headers = new Headers({ cookie: `${COOKIE}=bob` });
    try {
      headers.set("authorization", `Bearer ${text}`);
    } catch {
      continue; // no client can send it
    }
    const presented = presentedCredential(new Request("http://live/", { headers }), COOKIE);
    const token = (headers.get("authorization") ?? "").replace(/^bearer */i, "");
    if (assertForwarded(presented, token)) taken++;
  }
  assert(taken > 200, `${taken} tokens`);
});

Deno.test("presentedCredential() of 5,000 queries throws nothing, and forwards what Directus reads", () => {
  let taken = 0;
  for (const text of texts(2, 5_000)) {
    const url = new URL("http://live/websocket");
    url.searchParams.set("access_token", text);
    const headers = { cookie: `${COOKIE}=bob` };
    const presented = presentedCredential(new Request(url, { headers }), COOKIE);
    if (assertForwarded(presented, text)) taken++;
  }
  assert(taken > 200, `${taken} tokens`);
});
