/**
 * Runs the stand-in for Directus: so many sessions, each of a user of its own, and so many items
 * that all of them may read.
 *
 * @module
 */

import { createDirectusStandIn } from "../directus/stand_in.ts";

const [sessions = 1, items = 1] = Deno.args.map(Number);
const ids = Array.from({ length: sessions }, (_, index) => `user-${index}`);
const directus = createDirectusStandIn({
  users: ids.map((id) => ({ id, email: `${id}@example.com`, password: "demo" })),
  collections: [{
    name: "events",
    items: Array.from({ length: items + 1 }, (_, id) => ({ id })),
    readers: ids,
  }],
});
const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen() {} }, (request) => {
  if (request.url.endsWith("/bench/calls")) return new Response(`${directus.calls.length}`);
  return directus.handle(request);
});
const cookies = ids.map((id) => directus.session(`${id}@example.com`));
Deno.stdout.writeSync(
  new TextEncoder().encode(
    `${JSON.stringify({ url: `http://127.0.0.1:${server.addr.port}`, cookies })}\n`,
  ),
);
