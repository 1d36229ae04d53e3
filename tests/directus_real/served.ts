/**
 * The server as a process, in front of a real Directus.
 *
 * @module
 */

import { Client } from "../support/client.ts";
import { ServerProcess } from "../support/process.ts";
import type { RealDirectus } from "./real_directus.ts";

/** Bearer of the operator's calls. */
export const TOKEN = "the-publish-token-of-the-tests";

/** A server that is running, with all that connects to it. */
export interface Served extends AsyncDisposable {
  /** Where its ops listener is. */
  readonly ops: string;
  /** Where its live listener is. */
  readonly url: string;
  /** The port of that. */
  readonly port: number;
  /** Connects, and takes the welcome; rejects if it is refused. */
  connect(cookie: string): Promise<Client>;
  /** Publishes. */
  publish(topic: string, data: unknown): Promise<void>;
}

/** Starts a server that asks again about sessions all the time, and remembers no answer for long. */
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
      if (!response.ok) throw new Error(`Publishing was answered ${response.status}: ${text}`);
    },
    [Symbol.asyncDispose]: () => stack.disposeAsync(),
  };
}
