/**
 * Tests of the program as a process: options, exit codes, signals, and one message from end to end.
 *
 * @module
 */

import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import denoJson from "../deno.json" with { type: "json" };
import { variables } from "../live/config/variables.ts";
import { Client } from "./support/client.ts";
import { startDirectus } from "./support/directus.ts";
import { closeFrame } from "./support/frames.ts";
import { ServerProcess } from "./support/process.ts";
import { RawClient } from "./support/raw_client.ts";
import { TRANSPORTS } from "./support/transports.ts";

const TOKEN = "the-publish-token-of-the-tests";
const env = {
  DIRECTUS_BASE_URL: "http://127.0.0.1:9",
  LIVE_PUBLISH_TOKEN: TOKEN,
};

Deno.test("main.ts --help lists every variable", async () => {
  await using server = await ServerProcess.spawn({}, ["--help"]);

  const { code, stdout, stderr } = await server.ended;

  assertEquals([code, stderr], [0, ""]);
  assertStringIncludes(stdout, "Usage: live [check | doctor | setup | --help | --version]");
  for (const name of Object.keys(variables)) assertStringIncludes(stdout, `\n  ${name}\n`);
});

const exits: [
  name: string,
  env: Record<string, string>,
  args: string[],
  ended: { code: number; stdout?: string; stderr?: string },
][] = [
  ["0 after --version", {}, ["--version"], { code: 0, stdout: `live ${denoJson.version}\n` }],
  ["2 at an unknown option", env, ["--port=80"], {
    code: 2,
    stderr: "Unknown option --port=80: try --help\n",
  }],
  ["2 at an invalid variable after a byte order mark", { "\uFEFFDIRECTUS_BASE_URL": "x" }, [], {
    code: 2,
    stderr: "DIRECTUS_BASE_URL must be an http:// or https:// URL without credentials, query or " +
      'fragment: current value is "x"\n',
  }],
  ["2 without a required variable", {}, [], {
    code: 2,
    stderr: "DIRECTUS_BASE_URL must be set: where Directus is, a path prefix allowed\n",
  }],
  [
    "2 at invalid variables, with a line for each and without secrets",
    {
      DIRECTUS_BASE_URL: "http://admin:password@directus",
      LIVE_WS_PORT: "80800",
      LOG_LEVEL: "LOUD",
      LIVE_PUBLISH_TOKEN: "too-short",
    },
    [],
    {
      code: 2,
      stderr: [
        "DIRECTUS_BASE_URL must be an http:// or https:// URL without credentials, query or " +
        'fragment: current value is "http://***@directus"',
        'LIVE_WS_PORT must be a whole number from 0 to 65535: current value is "80800"',
        "LIVE_PUBLISH_TOKEN must be at least 16 visible ASCII characters: current value is not shown",
        'LOG_LEVEL must be one of DEBUG, INFO, WARN, ERROR: current value is "LOUD"\n',
      ].join("\n"),
    },
  ],
];

for (const [name, env, args, ended] of exits) {
  Deno.test(`main.ts exits with ${name}`, async () => {
    await using server = await ServerProcess.spawn(env, args);
    assertEquals(await server.ended, { stdout: "", stderr: "", ...ended });
  });
}

for (const [variable, name] of [["LIVE_WS_PORT", "live"], ["OPS_PORT", "ops"]] as const) {
  Deno.test(`main.ts exits with 1 if the port of the ${name} listener is taken`, async () => {
    using taken = Deno.listen({ hostname: "127.0.0.1", port: 0 });
    const { port } = taken.addr;
    await using server = await ServerProcess.spawn({ ...env, [variable]: String(port) });

    const { code, stderr } = await server.ended;

    assertEquals([code, stderr], [
      1,
      `Cannot start the ${name} listener as the port is taken: 127.0.0.1:${port}\n`,
    ]);
  });
}

for (const signal of ["SIGTERM", "SIGINT", "SIGHUP"] as const) {
  Deno.test(`main.ts drains at ${signal}, and exits with 0`, async () => {
    await using directus = startDirectus();
    await using server = await ServerProcess.spawn({ ...env, DIRECTUS_BASE_URL: directus.url });
    const { live } = await server.ports();
    const cookie = directus.directus.session("ada-id");
    await using client = await Client.connect(`ws://127.0.0.1:${live}`, { cookie });
    await client.next();

    server.kill(signal);

    const { code, reason } = await client.closed;
    assertEquals(code, 1001);
    assertMatch(reason, /^server shutting down; retry in \d+$/);
    assertEquals((await server.ended).code, 0);
    assertEquals((await server.line("signal received"))["signal"], signal);
  });
}

/** Starts a server with a client that answers no close frame. */
async function startWithStuckPeer(
  stack: AsyncDisposableStack,
  more: Record<string, string>,
): Promise<[server: ServerProcess, peer: RawClient, ports: { live: number; ops: number }]> {
  const { directus, url } = stack.use(startDirectus());
  const server = stack.use(
    await ServerProcess.spawn({ ...env, DIRECTUS_BASE_URL: url, ...more }),
  );
  const ports = await server.ports();
  const peer = stack.use(await RawClient.connect(ports.live));
  assertEquals((await peer.upgrade("/", { cookie: directus.session("ada-id") })).status, 101);
  assertEquals((await peer.message()).type, "welcome");
  return [server, peer, ports];
}

Deno.test("main.ts exits with 0 at the drain timeout although a peer does not close", async () => {
  await using stack = new AsyncDisposableStack();
  const [server] = await startWithStuckPeer(stack, { LIVE_WS_DRAIN_TIMEOUT_MS: "50" });

  server.kill("SIGTERM");

  assertEquals((await server.ended).code, 0);
  assertEquals((await server.line("gave up on sockets that do not close"))["stragglers"], 1);
});

Deno.test(
  "main.ts exits with 0 at the drain timeout although a publish call does not end",
  async () => {
    await using server = await ServerProcess.spawn({ ...env, LIVE_WS_DRAIN_TIMEOUT_MS: "50" });
    const { ops } = await server.ports();
    using publisher = await RawClient.connect(ops);
    await publisher.request("/publish", {
      "host": "ops",
      "authorization": `Bearer ${TOKEN}`,
      "content-type": "application/json",
      "content-length": "100",
      "expect": "100-continue",
    }, "POST");
    assertEquals((await publisher.head()).status, 100); // the server waits for the body

    server.kill("SIGTERM");

    assertEquals((await server.ended).code, 0);
  },
);

for (const [signal, code] of [["SIGTERM", 143], ["SIGINT", 130], ["SIGHUP", 129]] as const) {
  Deno.test(`main.ts exits with ${code} at once at a second signal, ${signal}`, async () => {
    await using stack = new AsyncDisposableStack();
    const [server, peer] = await startWithStuckPeer(stack, {
      LIVE_WS_DRAIN_TIMEOUT_MS: "86400000",
    });

    server.kill("SIGTERM");
    await server.line("draining");
    server.kill(signal);

    assertEquals((await server.ended).code, code);
    await peer.ended();
  });
}

Deno.test("main.ts is alive but not ready while it drains", async () => {
  await using stack = new AsyncDisposableStack();
  const [server, peer, { ops }] = await startWithStuckPeer(stack, {});
  const get = async (path: string) => {
    const response = await fetch(`http://127.0.0.1:${ops}${path}`);
    return [response.status, await response.json()];
  };
  assertEquals(await get("/readyz"), [200, { status: "ready" }]);

  server.kill("SIGTERM");
  await server.line("draining");

  assertEquals(await get("/readyz"), [503, {
    status: "draining",
    reason: "server is draining",
  }]);
  assertEquals(await get("/healthz"), [200, { status: "ok" }]);
  await peer.frame();
  await peer.sendFrame(closeFrame(1001));
  assertEquals((await server.ended).code, 0);
});

for (const transport of TRANSPORTS) {
  Deno.test(`[${transport}] main.ts delivers a publication to a user whom Directus allows`, async () => {
    await using directus = startDirectus();
    await using server = await ServerProcess.spawn({
      ...env,
      DIRECTUS_BASE_URL: directus.url,
      LIVE_TRANSPORT: transport,
      LIVE_TOPICS: "event=events",
      INSTANCE_ID: "one",
    });
    const { live, ops } = await server.ports();
    const cookie = directus.directus.session("ada@example.com");
    await using client = await Client.connect(`ws://127.0.0.1:${live}/?reject=close`, {
      cookie: `other=1; ${cookie}`,
      origin: directus.url,
    });
    const { user, instance } = await client.next();
    assertEquals([user.first_name, instance], ["Ada", "one"]);
    assertEquals((await client.subscribe("event:1", { id: "1" })).type, "subscribed");
    assertEquals((await client.subscribe("event:99", { id: "2" })).code, "forbidden");
    using noHost = await RawClient.connect(live);
    await noHost.request("/", {});
    assertEquals((await noHost.head()).status, transport === "ws" ? 400 : 404);

    const response = await fetch(`http://127.0.0.1:${ops}/publish`, {
      method: "POST",
      headers: { "authorization": `Bearer ${TOKEN}`, "content-type": "application/json" },
      body: JSON.stringify({ topic: "event:1", key: "car-7", data: { x: 17.3 } }),
    });

    const { published: [position] } = await response.json();
    assertEquals([response.status, position.topic, position.offset], [200, "event:1", 1]);
    assertEquals(await client.next(), {
      type: "message",
      topic: "event:1",
      offset: 1,
      key: "car-7",
      data: { x: 17.3 },
    });
    assertEquals(directus.directus.calls.map(({ route }) => route), [
      "GET /users/me",
      "GET /items/:collection/:id",
      "GET /items/:collection/:id",
    ]);
    assert(directus.directus.calls.every(({ headers }) => headers.get("cookie") === cookie));
  });
}
