/**
 * JSON Web Tokens whose signature is made up: Directus alone checks it.
 *
 * @module
 */

/** Returns a text's bytes in base64url. */
export function base64url(text: string): string {
  return new TextEncoder().encode(text).toBase64({ alphabet: "base64url", omitPadding: true });
}

/** Returns a token as Directus issues it, with these claims. */
export function jwtOf(
  claims: Readonly<Record<string, unknown>>,
  header: Readonly<Record<string, unknown>> = { alg: "HS256", typ: "JWT" },
): string {
  const [head, body] = [header, { iss: "directus", ...claims }].map((part) =>
    base64url(JSON.stringify(part))
  );
  return `${head}.${body}.c2lnbmF0dXJl`;
}
