/**
 * What the tests of the stand-in share.
 *
 * @module
 */

import type { DirectusStandInOptions } from "./options.ts";
import type { DirectusStandIn } from "./stand_in.ts";

/** Where the stand-in seems to be. */
export const BASE = "http://directus";
/** Key of the one item of `docs`. */
export const UUID = "7c9e6679-7425-40de-944b-e07fc1f90ae7";

/** Three users, and a collection for each kind of key. */
export const options: DirectusStandInOptions = {
  users: [
    {
      id: "ada-id",
      email: "ada@example.com",
      password: "demo",
      role: "editor",
      first_name: "Ada",
    },
    { id: "bob-id", email: "bob@example.com", password: "demo", appAccess: false },
    {
      id: "eve-id",
      email: "eve@example.com",
      password: "demo",
      role: "editor",
      hiddenFields: ["role"],
    },
  ],
  collections: [
    {
      name: "events",
      items: [{ id: 1, title: "One" }, { id: 2, title: "Two" }],
      readers: ["ada@example.com"],
    },
    { name: "news", items: [{ id: 1 }], readers: ["public"] },
    {
      name: "places",
      primaryKey: "slug",
      keyType: "string",
      items: [{ slug: "a b" }, { slug: "1" }],
      readers: ["ada-id"],
    },
    { name: "docs", keyType: "uuid", items: [{ id: UUID }], readers: ["ada-id"] },
    {
      name: "many",
      items: Array.from({ length: 150 }, (_, index) => ({ id: index + 1 })),
      readers: ["ada-id"],
    },
  ],
};

/** Sends a GET with a cookie or without. */
export function get(directus: DirectusStandIn, path: string, cookie?: string): Promise<Response> {
  return directus.fetch(BASE + path, cookie === undefined ? {} : { headers: { cookie } });
}

/** Sends a JSON body with a cookie or without. */
export function post(
  directus: DirectusStandIn,
  path: string,
  body: unknown,
  cookie?: string,
): Promise<Response> {
  return directus.fetch(BASE + path, {
    method: "POST",
    body: JSON.stringify(body),
    headers: { "content-type": "application/json", ...(cookie === undefined ? {} : { cookie }) },
  });
}

/** Returns status and error code, and whether the cookie is cleared. */
export async function verdict(response: Response): Promise<string> {
  const text = await response.text();
  const code = text.startsWith('{"errors"') ? ` ${JSON.parse(text).errors[0].extensions.code}` : "";
  const clears = /^\w+=;/.test(response.headers.get("set-cookie") ?? "");
  return `${response.status}${code}${clears ? " clears" : ""}`;
}

/** Returns the pair that a response sets, empty where it sets none. */
export function cookieOf(response: Response): string {
  return response.headers.get("set-cookie")?.split(";", 1)[0] ?? "";
}
