/**
 * The server as its users start and end it.
 *
 * @module
 */

import { assert, assertEquals, assertMatch } from "@std/assert";
import { createDirectusStandIn } from "./directus/stand_in.ts";
import { Client } from "./support/client.ts";
import { runServer, ServerProcess } from "./support/process.ts";
import { RawClient } from "./support/raw_client.ts";

const TOKEN = "a-publish-token-of-tests";

/** A stand-in for Directus that listens; its disposal stops it. */
function serveDirectus() {
  const directus = createDirectusStandIn({
    users: [{ id: "ada-id", email: "ada@example.com", password: "demo", first_name: "Ada" }],
    collections: [{ name: "events", items: [{ id: 42 }, { id: 43 }] }],
  });
  directus.allow("ada@example.com", "events", 42);
  const server = Deno.serve(
    { hostname: "127.0.0.1", port: 0, onListen() {} },
    (request) => directus.handle(request),
  );
  return {
    url: `http://127.0.0.1:${server.addr.port}`,
    cookie: directus.session("ada@example.com"),
    [Symbol.asyncDispose]: () => server.shutdown(),
  };
}

/** Starts a server on free ports and waits until it listens. */
async function startServer(env: Record<string, string> = {}) {
  const process = ServerProcess.start({
    DIRECTUS_BASE_URL: "http://127.0.0.1:9",
    LIVE_WS_HOST: "127.0.0.1",
    LIVE_WS_PORT: "0",
    OPS_PORT: "0",
    ...env,
  });
  return {
    process,
    ...await process.ports(),
    [Symbol.asyncDispose]: () => process[Symbol.asyncDispose](),
  };
}

Deno.test("main.ts takes a cookie to a moving page", async () => {
  await using directus = serveDirectus();
  await using server = await startServer({
    DIRECTUS_BASE_URL: directus.url,
    LIVE_TOPICS: "event=events",
    LIVE_PUBLISH_TOKEN: TOKEN,
    INSTANCE_ID: "one",
  });
  const origin = directus.url;
  await using client = await Client.connect(`ws://127.0.0.1:${server.live}/any/path`, {
    cookie: `theme=dark; ${directus.cookie}`,
    origin,
  });

  const welcome = await client.next();
  const allowed = await client.subscribe("event:42", { id: "1" });
  const forbidden = await client.subscribe("event:43", { id: "2" });
  const response = await fetch(`http://127.0.0.1:${server.ops}/publish`, {
    method: "POST",
    headers: { "authorization": `Bearer ${TOKEN}`, "content-type": "application/json" },
    body: '{"topic":"event:42","key":"car-7","data":{"x":17.3}}',
  });
  const { published: [position] } = await response.json();
  const message = await client.next();

  const user = {
    id: "ada-id",
    email: "ada@example.com",
    role: null,
    first_name: "Ada",
    last_name: null,
  };
  assertEquals(welcome, {
    type: "welcome",
    connection: welcome.connection,
    user,
    instance: "one",
  });
  assertEquals([allowed.type, allowed.offset, allowed.messages], ["subscribed", 0, []]);
  assertEquals([forbidden.code, forbidden.id], ["forbidden", "2"]);
  assertEquals(position, { topic: "event:42", offset: 1, epoch: allowed.epoch });
  assertEquals(message, {
    type: "message",
    topic: "event:42",
    offset: 1,
    key: "car-7",
    data: { x: 17.3 },
  });
});

Deno.test("main.ts --help lists the configuration", async () => {
  const { code, stdout } = await runServer({}, ["--help"]);

  assertEquals(code, 0);
  assertMatch(stdout, /^ {2}DIRECTUS_BASE_URL$/m);
});

Deno.test("main.ts --version prints the version", async () => {
  const { code, stdout, stderr } = await runServer({}, ["--version"]);

  assertEquals(code, 0);
  assertMatch(stdout, /^live \d+\.\d+\.\d+\n$/);
  assertEquals(stderr, "");
});

Deno.test("main.ts refuses an unknown option with exit code 2", async () => {
  const { code, stderr } = await runServer({}, ["--port"]);

  assertEquals([code, stderr], [2, "Unknown option --port: try --help\n"]);
});

Deno.test("main.ts tells all faults of the configuration at once, and no secret", async () => {
  const { code, stdout, stderr } = await runServer({
    DIRECTUS_BASE_URL: "",
    OPS_PORT: "many",
    LIVE_PUBLISH_TOKEN: "too-short",
  });

  assertEquals([code, stdout], [2, ""]);
  assertEquals(stderr.trimEnd().split("\n"), [
    "DIRECTUS_BASE_URL must be set: where Directus is, a path prefix allowed",
    "LIVE_PUBLISH_TOKEN must be at least 16 visible ASCII characters: current value is not shown",
    'OPS_PORT must be a whole number from 0 to 65535: current value is "many"',
  ]);
});

for (const [name, which] of [["LIVE_WS_PORT", "live"], ["OPS_PORT", "ops"]] as const) {
  Deno.test(`main.ts ends with exit code 1 and one line if ${name} is taken`, async () => {
    using taken = Deno.listen({ hostname: "127.0.0.1", port: 0 });
    const { port } = taken.addr;

    const { code, stderr } = await runServer({
      DIRECTUS_BASE_URL: "http://127.0.0.1:9",
      LIVE_WS_HOST: "127.0.0.1",
      LIVE_WS_PORT: "0",
      OPS_PORT: "0",
      [name]: String(port),
    });

    assertEquals(code, 1);
    assertEquals(
      stderr,
      `Cannot start the ${which} listener as the port is taken: 127.0.0.1:${port}\n`,
    );
  });
}

for (const signal of ["SIGTERM", "SIGINT"] as const) {
  Deno.test(`main.ts drains on ${signal} and ends with exit code 0`, async () => {
    await using directus = serveDirectus();
    await using server = await startServer({ DIRECTUS_BASE_URL: directus.url });
    await using client = await Client.connect(`ws://127.0.0.1:${server.live}`, {
      cookie: directus.cookie,
    });
    await client.next();

    server.process.kill(signal);

    const { code, reason } = await client.closed;
    assertEquals(code, 1001);
    assertMatch(reason, /^server shutting down; retry in \d+$/);
    const ended = await server.process.ended;
    assertEquals([ended.code, ended.stderr], [0, ""]);
  });
}

Deno.test("main.ts ends with exit code 0 at the deadline in spite of a stuck peer", async () => {
  await using directus = serveDirectus();
  await using server = await startServer({
    DIRECTUS_BASE_URL: directus.url,
    LIVE_WS_DRAIN_TIMEOUT_MS: "1",
  });
  using stuck = await RawClient.connect(server.live);
  await stuck.upgrade("/", { cookie: directus.cookie });
  await stuck.message();

  server.process.kill("SIGTERM");

  const line = await server.process.line("gave up on sockets that do not close");
  assertEquals(JSON.parse(line).stragglers, 1);
  assertEquals((await server.process.ended).code, 0);
});

Deno.test("main.ts is not ready and refuses newcomers while it drains", async () => {
  await using directus = serveDirectus();
  await using server = await startServer({
    DIRECTUS_BASE_URL: directus.url,
    LIVE_WS_DRAIN_TIMEOUT_MS: "60000",
    LIVE_PUBLISH_TOKEN: TOKEN,
  });
  using stuck = await RawClient.connect(server.live);
  await stuck.upgrade("/", { cookie: directus.cookie });
  await stuck.message();

  server.process.kill("SIGTERM");
  await server.process.line("draining");

  const ready = await fetch(`http://127.0.0.1:${server.ops}/readyz`);
  using late = await RawClient.connect(server.live);
  const refused = await late.upgrade("/", { cookie: directus.cookie });
  assertEquals([ready.status, (await ready.json()).status], [503, "draining"]);
  assertEquals(refused.status, 503);

  server.process.kill("SIGINT");
  const { code } = await server.process.ended;
  assert(code === 130, `a second signal ends at once: exit code ${code}`);
});
