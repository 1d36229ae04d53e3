/**
 * What can be a token of Directus.
 *
 * @module
 */

import { assertEquals } from "@std/assert";
import { isTokenLike } from "../../live/domain/credential.ts";

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
