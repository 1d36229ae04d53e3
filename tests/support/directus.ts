/**
 * A Directus stand-in that is really listening.
 *
 * @module
 */

import { options } from "../directus/fixtures.ts";
import { createDirectusStandIn, type DirectusStandIn } from "../directus/stand_in.ts";

/** A stand-in on a port of this machine. */
export interface ListeningDirectus extends AsyncDisposable {
  /** The stand-in. */
  readonly directus: DirectusStandIn;
  /** Where it listens. */
  readonly url: string;
}

/** Starts the stand-in of the fixtures. */
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
