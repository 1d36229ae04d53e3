/**
 * The program as Deno Deploy runs it: one port, and only the permissions that Deploy grants.
 *
 * @module
 */

import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { Client } from "../support/client.ts";
import { startDirectus } from "../support/directus.ts";
import { ServerProcess } from "../support/process.ts";

const TOKEN = "the-publish-token-of-the-tests";
const BEARER = { authorization: `Bearer ${TOKEN}` };

/** The network and the environment: no files, no processes, no system information. */
const PERMISSIONS = ["--no-prompt", "--allow-net", "--allow-env"];

interface Deployed extends AsyncDisposable {
  readonly port: number;
  readonly server: ServerProcess;
  /** The `Cookie` header of a user who may subscribe. */
  readonly cookie: string;
  ask(path: string, init?: RequestInit): Promise<Response>;
}

async function deploy(env: Readonly<Record<string, string>> = {}): Promise<Deployed> {
  const stack = new AsyncDisposableStack();
  const { directus, url } = stack.use(startDirectus());
  const variables = {
    DENO_DEPLOYMENT_ID: "live-2c1a9f",
    DENO_REGION: "gcp-europe-west3",
    DIRECTUS_BASE_URL: url,
    LIVE_PUBLISH_TOKEN: TOKEN,
    ...env,
  };
  const server = stack.use(await ServerProcess.spawn(variables, [], { permissions: PERMISSIONS }));
  const { port } = await server.line("live listener started");
  return {
    port: Number(port),
    server,
    cookie: directus.session("ada@example.com"),
    ask: (path, init) => fetch(`http://127.0.0.1:${port}${path}`, init),
    [Symbol.asyncDispose]: () => stack.disposeAsync(),
  };
}

async function status(response: Promise<Response>): Promise<number> {
  const { status, body } = await response;
  await body?.cancel();
  return status;
}

Deno.test("main.ts on Deno Deploy serves clients and ops routes on one port", async () => {
  await using deployed = await deploy();
  const { ask, port, cookie, server } = deployed;
  await using client = await Client.connect(`ws://127.0.0.1:${port}`, { cookie });
  await client.next();
  await client.subscribe("events:1");

  const published = await ask("/publish", {
    method: "POST",
    headers: { ...BEARER, "content-type": "application/json" },
    body: '{"topic":"events:1","data":{"x":1}}',
  });

  assertEquals((await published.json()).published[0].offset, 1);
  assertEquals((await client.next()).data, { x: 1 });
  assertEquals(await (await ask("/healthz")).json(), { status: "ok" });
  assertEquals(await (await ask("/readyz")).json(), { status: "ready" });
  assertStringIncludes(await (await ask("/live/client.js")).text(), "connect");
  assertStringIncludes(await (await ask("/")).text(), "Publish token");
  assertEquals(await status(ask("/nothing")), 404);
  const started = server.log.filter(({ message }) => /listener started/.test(`${message}`));
  assertEquals(started.length, 1);
});

Deno.test("main.ts on Deno Deploy requires the token for metrics and for the POST routes", async () => {
  await using deployed = await deploy();
  const { ask } = deployed;

  assertEquals(await status(ask("/metrics")), 401);
  assertEquals(await status(ask("/metrics", { headers: { authorization: "Bearer x" } })), 401);
  const metrics = await ask("/metrics", { headers: BEARER });
  assertMatch(await metrics.text(), /^processor_live_connections 0$/m);
  assertEquals(await status(ask("/status")), 401);
  assertEquals((await (await ask("/status", { headers: BEARER })).json()).connections.total, 0);
  for (const path of ["/publish", "/directus", "/revoke"]) {
    const init = { method: "POST", headers: { "content-type": "application/json" }, body: "{}" };
    assertEquals(await status(ask(path, init)), 401);
  }
});

Deno.test("main.ts on Deno Deploy exposes no metrics if no token is configured", async () => {
  await using deployed = await deploy({ LIVE_PUBLISH_TOKEN: "" });
  const response = await deployed.ask("/metrics", { headers: { authorization: "Bearer " } });
  assertEquals([response.status, await response.json()], [401, {
    error: "Reading metrics is off: LIVE_PUBLISH_TOKEN is not set",
  }]);
});

Deno.test("main.ts on Deno Deploy warns that it ignores LIVE_THREADS, and serves", async () => {
  await using deployed = await deploy({ LIVE_THREADS: "4" });
  const { ask, port, cookie, server } = deployed;

  const { level, threads } = await server.line(
    "LIVE_THREADS is ignored: this platform runs one thread",
  );

  assertEquals([level, threads], ["WARN", 4]);
  assertEquals(await (await ask("/readyz")).json(), { status: "ready" });
  await using client = await Client.connect(`ws://127.0.0.1:${port}`, { cookie });
  assertEquals((await client.next()).type, "welcome");
});
