/**
 * The server as a process, with a real Directus.
 *
 * @module
 */

import { Client } from "../support/client.ts";
import { ServerProcess } from "../support/process.ts";
import type { RealDirectus } from "./real_directus.ts";

/** LIVE_PUBLISH_TOKEN. */
export const TOKEN = "the-publish-token-of-the-tests";

/** A running server and its clients. */
export interface Served extends AsyncDisposable {
  /** URL of its ops listener. */
  readonly ops: string;
  /** URL of its live listener. */
  readonly url: string;
  /** Port of its live listener. */
  readonly port: number;
  /** Its process id. */
  readonly pid: number;
  /** Connects a client that has received `welcome`; rejects if it is refused. */
  connect(cookie: string): Promise<Client>;
  /** Publishes on a topic. */
  publish(topic: string, data: unknown): Promise<void>;
}

/** Starts a server that revalidates sessions all the time and caches no answer. */
export async function serve(
  directus: RealDirectus,
  env: Readonly<Record<string, string>> = {},
): Promise<Served> {
  const stack = new AsyncDisposableStack();
  const server = stack.use(
    await ServerProcess.spawn({
      DIRECTUS_BASE_URL: directus.url,
      DIRECTUS_CACHE_TTL_MS: "0",
      LIVE_REVALIDATE_INTERVAL_MS: "300",
      LIVE_PUBLISH_TOKEN: TOKEN,
      LIVE_TOPICS: "event=events",
      ...env,
    }),
  );
  const { live, ops } = await server.ports();
  const url = `ws://127.0.0.1:${live}`;
  return {
    ops: `http://127.0.0.1:${ops}`,
    url,
    port: live,
    pid: server.pid,
    async connect(cookie) {
      const client = stack.use(await Client.connect(url, { cookie }));
      await client.next();
      return client;
    },
    async publish(topic, data) {
      const response = await fetch(`http://127.0.0.1:${ops}/publish`, {
        method: "POST",
        headers: { "content-type": "application/json", authorization: `Bearer ${TOKEN}` },
        body: JSON.stringify({ topic, data }),
      });
      const text = await response.text();
      if (!response.ok) throw new Error(`POST /publish responded ${response.status}: ${text}`);
    },
    [Symbol.asyncDispose]: () => stack.disposeAsync(),
  };
}
