/**
 * Tests of the files of live/deploy. Files that can be run are run, the others are only parsed.
 *
 * @module
 */

import { assert, assertEquals, assertGreater, assertMatch } from "@std/assert";
import { variables } from "../../live/config/variables.ts";
import { takeFreePort } from "../../live/transport/listener.ts";
import { locate, Program } from "../support/program.ts";
import { Client } from "../support/client.ts";
import { startDirectus } from "../support/directus.ts";
import { ServerProcess } from "../support/process.ts";
import { isInstalled } from "../support/program.ts";
import { SseClient } from "../support/sse_client.ts";

const TOKEN = "the-publish-token-of-the-tests";
const FOLDER = new URL("../../live/deploy/", import.meta.url);
const DRAIN_MS = Number(variables.LIVE_WS_DRAIN_TIMEOUT_MS.default);
const PING_MS = Number(variables.LIVE_WS_PING_INTERVAL_MS.default);

/** Variables of the Caddyfile and of Directus that are not the server's. */
const FOREIGN = ["LIVE_SITE", "LIVE_UPSTREAM", "DIRECTUS_UPSTREAM", "DIRECTUS_SECRET"];

function read(name: string): string {
  return Deno.readTextFileSync(new URL(name, FOLDER));
}

/** Returns the number that a pattern's first group finds in a file. */
function numberIn(name: string, pattern: RegExp): number {
  const found = pattern.exec(read(name))?.[1];
  assert(found !== undefined, `${name}: ${pattern}`);
  return Number(found);
}

const caddy = locate("caddy", ["version"]);

Deno.test({
  name: `Caddyfile serves a page, the live server and Directus on one host${
    caddy ? "" : " (ignored: no caddy)"
  }`,
  ignore: caddy === undefined,
  async fn() {
    await using stack = new AsyncDisposableStack();
    const { directus, url } = stack.use(startDirectus());
    const server = stack.use(
      await ServerProcess.spawn({ DIRECTUS_BASE_URL: url, LIVE_PUBLISH_TOKEN: TOKEN }),
    );
    const { live, ops } = await server.ports();
    const home = await Deno.makeTempDir({ prefix: "live-caddy-" });
    stack.defer(() => Deno.remove(home, { recursive: true }));
    const base = `127.0.0.1:${takeFreePort()}`;
    const proxy = stack.use(
      new Program(caddy ?? "", {
        args: ["run", "--config", new URL("Caddyfile", FOLDER).pathname],
        env: {
          HOME: home,
          XDG_DATA_HOME: home,
          XDG_CONFIG_HOME: home,
          LIVE_SITE: `http://${base}`,
          LIVE_UPSTREAM: `127.0.0.1:${live}`,
          DIRECTUS_UPSTREAM: new URL(url).host,
          SITE_FOLDER: new URL("site", FOLDER).pathname,
        },
      }),
    );
    assert(await proxy.find(/serving initial configuration/), proxy.output);
    const cookie = directus.session("ada@example.com");
    await using client = await Client.connect(`ws://${base}/live-socket`, { cookie });
    await client.next();
    await client.subscribe("events:1");
    await using stream = await SseClient.connect(`http://${base}/sse?topic=events:1`, { cookie });
    await stream.take(2); // welcome and subscribed

    const response = await fetch(`http://127.0.0.1:${ops}/publish`, {
      method: "POST",
      headers: { authorization: `Bearer ${TOKEN}`, "content-type": "application/json" },
      body: '{"topic":"events:1","data":"through Caddy"}',
    });
    await response.body?.cancel();

    assertEquals((await client.next()).data, "through Caddy");
    assertEquals((await stream.next()).data, "through Caddy");
    const page = await fetch(`http://${base}/`);
    assertEquals(await page.text(), read("site/index.html"));
    const ping = await fetch(`http://${base}/server/ping`);
    assertEquals(await ping.text(), "pong", "Directus answers the other paths");
    const publish = await fetch(`http://${base}/publish`, { method: "POST" });
    await publish.body?.cancel();
    assertEquals(publish.status, 404, "the ops listener is not reachable");
  },
});

for (
  const [file, stopS] of [
    ["compose.yaml", numberIn("compose.yaml", /stop_grace_period: (\d+)s/)],
    ["live.service", numberIn("live.service", /TimeoutStopSec=(\d+)s/)],
    [
      "kubernetes.yaml",
      numberIn("kubernetes.yaml", /terminationGracePeriodSeconds: (\d+)\n/) -
      numberIn("kubernetes.yaml", /preStop: \{ sleep: \{ seconds: (\d+) \} \}/),
    ],
  ] as const
) {
  Deno.test(`${file} waits for longer than the drain may take`, () => {
    assertGreater(stopS * 1_000, DRAIN_MS);
  });
}

Deno.test("kubernetes.yaml sets the drain timeout that its grace period is made for", () => {
  assertEquals(numberIn("kubernetes.yaml", /LIVE_WS_DRAIN_TIMEOUT_MS, value: "(\d+)"/), DRAIN_MS);
});

Deno.test("kubernetes.yaml probes routes of the ops listener", () => {
  const probes = [...read("kubernetes.yaml").matchAll(/path: (\/\w+), port: (\w+)/g)];
  assertEquals(probes.map(([, ...rest]) => rest), [["/readyz", "ops"], ["/healthz", "ops"]]);
  for (const [name, port] of [["live", "LIVE_WS_PORT"], ["ops", "OPS_PORT"]] as const) {
    const used = numberIn("kubernetes.yaml", new RegExp(`name: ${name}, containerPort: (\\d+)`));
    assertEquals(used, Number(variables[port].default));
  }
});

Deno.test("kubernetes.yaml's Ingress exposes the live listener only, and keeps quiet WebSockets", () => {
  const backends = read("kubernetes.yaml").match(/backend: .*/g);
  assertEquals(backends, ["backend: { service: { name: live, port: { name: live } } }"]);
  for (const timeout of ["read", "send"]) {
    const seconds = numberIn("kubernetes.yaml", new RegExp(`proxy-${timeout}-timeout: "(\\d+)"`));
    assertGreater(seconds * 1_000, PING_MS);
  }
});

for (const file of ["compose.yaml", "kubernetes.yaml"]) {
  Deno.test(`${file} sets variables of the server, topics and origins among them`, () => {
    const text = read(file);
    const names = [...text.matchAll(/\b(?:LIVE|DIRECTUS|OPS|REDIS|INSTANCE)_[A-Z_]+\b/g)]
      .map(([name]) => name).filter((name) => !FOREIGN.includes(name));
    for (const name of names) assert(Object.hasOwn(variables, name), name);
    assertMatch(text, /LIVE_TOPICS[":, value]+.*event=events/);
    assertMatch(text, /LIVE_ALLOWED_ORIGINS[":, value]+.*https?:\/\//);
  });
}

const hasSystemd = isInstalled("systemd-analyze", ["--version"]);

for (const args of [["verify"], ["security", "--offline=true", "--threshold=20"]]) {
  const name = `systemd-analyze ${args[0]} accepts live.service`;
  Deno.test({
    name: hasSystemd ? name : `${name} (ignored: no systemd-analyze)`,
    ignore: !hasSystemd,
    async fn() {
      const folder = await Deno.makeTempDir({ prefix: "live-systemd-" });
      try {
        const unit = `${folder}/live.service`;
        const installed = read("live.service").replaceAll("/usr/local/bin/live", "/bin/true");
        await Deno.writeTextFile(unit, installed);
        const { code, stderr } = await new Deno.Command("systemd-analyze", {
          args: [...args, unit],
          stdout: "null",
        }).output();
        assertEquals([code, new TextDecoder().decode(stderr)], [0, ""]);
      } finally {
        await Deno.remove(folder, { recursive: true });
      }
    },
  });
}
