/**
 * Runs the stand-in for Directus. Its arguments: the number of sessions, each of a user of its own;
 * the number of items, which all users may read; the time for each answer in milliseconds.
 *
 * @module
 */

import { createDirectusStandIn } from "../directus/stand_in.ts";

/** The line on its standard output. */
export interface DirectusReady {
  /** Its address. */
  readonly url: string;
  /** A `Cookie` header for each session. */
  readonly cookies: readonly string[];
}

/** The answer of `GET /bench/report`. */
export interface DirectusReport {
  /** Calls of `GET /users/me`. */
  readonly users: number;
  /** All other calls. */
  readonly items: number;
  /** The most calls in flight at a time. */
  readonly mostInFlight: number;
}

const [sessions = 1, items = 1, delayMs = 0] = Deno.args.map(Number);
const ids = Array.from({ length: sessions }, (_, index) => `user-${index}`);
const directus = createDirectusStandIn({
  users: ids.map((id) => ({ id, email: `${id}@example.com`, password: "demo" })),
  collections: [{
    name: "events",
    items: Array.from({ length: items + 1 }, (_, id) => ({ id })),
    readers: ids,
  }],
  delayMs,
});
const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen() {} }, (request) => {
  if (request.url.endsWith("/bench/report")) return Response.json(report());
  return directus.handle(request);
});

function report(): DirectusReport {
  const users = directus.count("GET /users/me");
  const { calls, mostInFlight } = directus;
  return { users, items: calls.length - users, mostInFlight };
}

const ready: DirectusReady = {
  url: `http://127.0.0.1:${server.addr.port}`,
  cookies: ids.map((id) => directus.session(`${id}@example.com`)),
};
Deno.stdout.writeSync(new TextEncoder().encode(`${JSON.stringify(ready)}\n`));
