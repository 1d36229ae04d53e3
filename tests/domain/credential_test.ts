/**
 * Tests of which texts can be tokens of Directus, and of reading their claims.
 *
 * @module
 */

import { assertEquals } from "@std/assert";
import { BearerToken, expiryOf, isTokenLike } from "../../live/domain/credential.ts";
import { SessionCookie } from "../../live/domain/session_cookie.ts";
import { base64url } from "../support/jwt.ts";

for (
  const [name, text, expected] of [
    ["a JSON Web Token", `${"e".repeat(40)}.${"p".repeat(400)}.${"s-_".repeat(14)}`, true],
    ["a generated static token", "kZ3_-x9mQ0bT7vWc2RrYpL5dNsAeHgJu", true],
    ["a static token that a person chose", "Live's token: 100% 'sécret' +/=~", true],
    ["an emoji", "🗝️".slice(0, 2), true],
    ["an empty text", "", false],
    ["a NUL", "\0", false],
    ["a token that ends with a NUL", "kZ3_-x9mQ0bT7vWc2RrYpL5dNsAeHgJu\0", false],
    ["a line break", "a\nb", false],
    ["a delete character", "a\x7f", false],
    ["half of a surrogate pair", "a\ud800", false],
  ] as const
) {
  Deno.test(`isTokenLike() is ${expected} for ${name}`, () => {
    assertEquals(isTokenLike(text), expected);
  });
}

for (
  const [name, text] of [
    ["an empty text", ""],
    ["a token with a space", "two words"],
    ["a token with a no-break space", "two\u00a0words"],
    ["a NUL", "\0"],
    ["a tab", "a\tb"],
    ["a line break", "a\r\nx-evil: 1"],
    ["a soft hyphen", "a\u00adb"],
    ["a character that no header can carry", "ключ"],
    ["a token that is too long", "x".repeat(4_097)],
  ] as const
) {
  Deno.test(`BearerToken.from() refuses ${name}`, () => {
    assertEquals(BearerToken.from(text), undefined);
  });
}

Deno.test("BearerToken.from() accepts static tokens that people chose", () => {
  for (const text of ["Live's-token:100%'sécret'+/=~", "x".repeat(4_096)]) {
    assertEquals(BearerToken.from(text)?.requestHeader(), ["authorization", `Bearer ${text}`]);
  }
});

Deno.test("A token and a cookie of the same value do not have the same hash", () => {
  const [token, cookie] = [new BearerToken("x%41"), new SessionCookie("session", "x%41")];

  assertEquals(token.hash() === cookie.hash(), false, "Directus decodes cookies only");
  assertEquals(token.hash(), new BearerToken("x%41").hash());
});

/** Returns a token with these parts, in base64url, and a signature. */
function tokenOf(header: string, payload: string): BearerToken {
  return new BearerToken(`${base64url(header)}.${base64url(payload)}.c2lnbmF0dXJl`);
}

const HEADER = '{"alg":"HS256","typ":"JWT"}';

Deno.test("Credential.claims() reads a token that Directus would verify as its own", () => {
  const claims = { id: "ada", role: "editor", exp: 2_000_000_000, iss: "directus" };

  const token = tokenOf(HEADER, JSON.stringify(claims));

  assertEquals(token.claims(), claims);
  assertEquals(expiryOf(token), 2_000_000_000_000);
});

for (
  const [name, header, payload] of [
    ["without an issuer", HEADER, '{"role":"admin"}'],
    ["of another issuer", HEADER, '{"role":"admin","iss":"Directus"}'],
    ["whose header is no JSON", "x", '{"role":"admin","iss":"directus"}'],
    ["whose header is no object", '"JWT"', '{"role":"admin","iss":"directus"}'],
    ["whose payload is a list", HEADER, '["directus"]'],
    ["whose payload is no JSON", HEADER, "directus"],
  ] as const
) {
  Deno.test(`Credential.claims() treats a token ${name} as a static one`, () => {
    const token = tokenOf(header, payload);

    assertEquals([token.claims(), expiryOf(token)], [undefined, undefined]);
  });
}

for (const exp of ['"soon"', "null", "1e400", "[1]"]) {
  Deno.test(`expiryOf() knows no time for the expiry ${exp}`, () => {
    assertEquals(expiryOf(tokenOf(HEADER, `{"iss":"directus","exp":${exp}}`)), undefined);
  });
}
