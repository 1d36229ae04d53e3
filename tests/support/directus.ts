/**
 * The stand-in for Directus that tests of several folders share.
 *
 * @module
 */

import { createDirectusStandIn, type DirectusStandIn } from "../directus/stand_in.ts";
import type { DirectusStandInOptions } from "../directus/stand_in/options.ts";

/** Base URL of a stand-in that does not listen. */
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

/** A stand-in that listens on loopback. */
export interface ListeningDirectus extends AsyncDisposable {
  /** The stand-in. */
  readonly directus: DirectusStandIn;
  /** Base URL. */
  readonly url: string;
}

/** Starts a stand-in on loopback. */
export function startDirectus(): ListeningDirectus {
  const directus = createDirectusStandIn(options);
  const server = Deno.serve(
    {
      hostname: "127.0.0.1",
      port: 0,
      onListen() {},
      onError: () => new Response(null, { status: 500 }),
    },
    (request) => directus.handle(request),
  );
  return {
    directus,
    url: `http://127.0.0.1:${server.addr.port}`,
    [Symbol.asyncDispose]: () => server.shutdown(),
  };
}
