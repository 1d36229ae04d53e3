/**
 * Tests that a session cookie cannot be printed by accident.
 *
 * @module
 */

import { assertEquals, assertNotMatch } from "@std/assert";
import { format, inspect } from "node:util";
import { SessionCookie } from "../../live/domain/session_cookie.ts";

const secret = new SessionCookie("directus_session_token", "s3cr3t");

Deno.test("SessionCookie.requestHeader()[1] is the name and the value, not decoded", () => {
  assertEquals(secret.requestHeader()[1], "directus_session_token=s3cr3t");
  assertEquals(new SessionCookie("a", "%20x=y+").requestHeader()[1], "a=%20x=y+");
});

Deno.test("SessionCookie.hash() is the SHA-256 of the value, in base64url", () => {
  assertEquals(secret.hash(), "TnOMpVY8Bs_QAYKZkz1Y2x3Yv5f2lz3Jm_bNxktVUL0");
  assertEquals(secret.hash(), secret.hash());
});

Deno.test("SessionCookie.hash() depends on the value, not on the name", () => {
  const [a, b, c] = [["x", "1"], ["y", "1"], ["x", "2"]].map(([name = "", value = ""]) =>
    new SessionCookie(name, value).hash()
  );
  assertEquals([a === b, a === c], [true, false]);
});

const prints: Record<string, () => unknown> = {
  "JSON.stringify()": () => JSON.stringify(secret),
  "JSON.stringify() of an object": () => JSON.stringify({ connection: { cookie: secret } }),
  "JSON.stringify() of an array": () => JSON.stringify([secret], undefined, 2),
  "a template": () => `${secret}`,
  "String()": () => String(secret),
  "a sum with a string": () => "" + secret,
  "Array.join()": () => [secret, secret].join(),
  "Deno.inspect()": () => Deno.inspect(secret),
  "Deno.inspect() of an object": () => Deno.inspect({ a: { b: { c: secret } } }, { depth: 9 }),
  "Deno.inspect() with hidden fields": () => Deno.inspect(secret, { showHidden: true }),
  "Deno.inspect() of a Map": () => Deno.inspect(new Map([[secret, secret]])),
  "node's inspect()": () => inspect({ secret }, { showHidden: true, depth: 9 }),
  "node's format()": () => format("%s %o %O %j", secret, secret, secret, secret),
  "an error's message": () => new Error(`Cannot use ${secret}`).stack,
  "an error's cause": () => Deno.inspect(new Error("no", { cause: { secret } })),
  "Object.entries()": () => JSON.stringify(Object.entries(secret)),
  "Reflect.ownKeys()": () => Reflect.ownKeys(secret).map(String).join(),
  "a spread": () => Deno.inspect({ ...secret }),
  "structuredClone()": () => Deno.inspect(structuredClone(secret)),
  "URLSearchParams": () => String(new URLSearchParams({ cookie: String(secret) })),
};

for (const [name, print] of Object.entries(prints)) {
  Deno.test(`SessionCookie does not show its value to ${name}`, () => {
    assertNotMatch(String(print()), /s3cr3t/);
  });
}

Deno.test("SessionCookie shows a placeholder, so that a log shows that there was one", () => {
  assertEquals(JSON.stringify({ secret }), '{"secret":"[cookie]"}');
  assertEquals(`${secret}`, "[cookie]");
  assertEquals(Deno.inspect(secret), "[cookie]");
});
