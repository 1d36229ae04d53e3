/**
 * The proxies of SECURITY.md forward what clients need, unchanged, and nothing else.
 *
 * @module
 */

import { assertEquals } from "@std/assert";
import { Client } from "../support/client.ts";
import { type ListeningDirectus, startDirectus } from "../support/directus.ts";
import { ServerProcess } from "../support/process.ts";
import { Queue } from "../support/queue.ts";
import { RawClient } from "../support/raw_client.ts";
import { SseClient } from "../support/sse_client.ts";
import { Proxy, proxyTest } from "./proxy_setup.ts";
import { type Kind, kinds } from "./proxy_kinds_setup.ts";

const TOKEN = "the-publish-token-of-the-tests";
const ORIGIN = "https://app.example.com";

/** The server, with its Directus and a proxy in front. */
interface ProxiedServer extends ListeningDirectus {
  readonly proxy: Proxy;
  /** Publishes at the ops listener; resolves to the status. */
  publish(data: unknown): Promise<number>;
}

async function startProxied(kind: Kind): Promise<ProxiedServer> {
  await using stack = new AsyncDisposableStack();
  const { directus, url } = stack.use(startDirectus());
  const server = stack.use(
    await ServerProcess.spawn({
      DIRECTUS_BASE_URL: url,
      LIVE_ALLOWED_ORIGINS: ORIGIN,
      LIVE_PUBLISH_TOKEN: TOKEN,
    }),
  );
  const { live, ops } = await server.ports();
  const proxy = stack.use(await Proxy.start(kind, live));
  const moved = stack.move();
  return {
    directus,
    url,
    proxy,
    publish: async (data) => (await publish(`http://127.0.0.1:${ops}`, data)).status,
    [Symbol.asyncDispose]: () => moved.disposeAsync(),
  };
}

async function publish(base: string, data: unknown): Promise<Response> {
  const response = await fetch(`${base}/publish`, {
    method: "POST",
    headers: { "authorization": `Bearer ${TOKEN}`, "content-type": "application/json" },
    body: JSON.stringify({ topic: "events:1", data }),
  });
  await response.body?.cancel();
  return response;
}

for (const kind of kinds) {
  const { name } = kind;

  proxyTest(
    kind,
    `${name} forwards subscriptions and messages of a page over TLS`,
    async () => {
      await using proxied = await startProxied(kind);
      const { directus, proxy } = proxied;
      const cookie = directus.session("ada-id");
      await using client = await Client.connect(proxy.ws, { cookie, origin: ORIGIN });

      assertEquals((await client.next()).user.first_name, "Ada");
      assertEquals((await client.subscribe("events:1")).type, "subscribed");
      assertEquals(await proxied.publish({ x: 1 }), 200);

      assertEquals((await client.next()).data, { x: 1 });
    },
  );

  proxyTest(kind, `${name} does not delay server-sent events`, async () => {
    await using proxied = await startProxied(kind);
    const headers = { cookie: proxied.directus.session("ada-id"), origin: ORIGIN };
    await using client = await SseClient.connect(
      `${proxied.proxy.http}/sse?topic=events:1`,
      headers,
    );
    assertEquals((await client.take(2)).map(({ type }) => type), ["welcome", "subscribed"]);

    assertEquals(await proxied.publish({ x: 1 }), 200);

    assertEquals((await client.next()).data, { x: 1 });
  });

  proxyTest(kind, `${name} lets the server reject a foreign origin`, async () => {
    await using proxied = await startProxied(kind);
    const headers = { cookie: proxied.directus.session("ada-id"), origin: "https://evil.example" };

    for (const path of ["/", "/sse?topic=events:1"]) {
      using client = await RawClient.connect(proxied.proxy.port);
      const head = await client.upgrade(path, headers);

      assertEquals(head.status, 403, path);
    }
  });

  proxyTest(kind, `${name} does not expose the ops listener`, async () => {
    await using proxied = await startProxied(kind);
    const { http } = proxied.proxy;

    for (const path of ["/healthz", "/readyz", "/metrics"]) {
      const response = await fetch(http + path);
      await response.body?.cancel();
      assertEquals(response.status, 404, path);
    }
    assertEquals((await publish(http, { x: 1 })).status, 404);
  });

  proxyTest(kind, `${name} forwards Cookie, Origin and Host unchanged`, async () => {
    const seen = new Queue<Headers>();
    await using server = Deno.serve(
      { hostname: "127.0.0.1", port: 0, onListen() {} },
      ({ headers }) => {
        seen.push(headers);
        return new Response();
      },
    );
    await using proxy = await Proxy.start(kind, server.addr.port);
    const sent = {
      cookie: 'a="1, 2";directus_session_token=%22x%3D;  b=\t=c',
      origin: ORIGIN,
      host: "live.example.com:8443",
      connection: "close",
    };
    using client = await RawClient.connect(proxy.port);

    await client.request("/", sent);
    await client.head();

    const headers = await seen.next();
    const names = ["cookie", "origin", "host"] as const;
    assertEquals(names.map((name) => headers.get(name)), names.map((name) => sent[name]));
  });
}
