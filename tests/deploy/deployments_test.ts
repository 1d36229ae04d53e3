/**
 * The deployments: those run that can be, the others read.
 *
 * @module
 */

import { assert, assertEquals, assertGreater } from "@std/assert";
import { variables } from "../../live/config/config.ts";
import { find, Program } from "../security/program.ts";
import { Client } from "../support/client.ts";
import { startDirectus } from "../support/directus.ts";
import { ServerProcess } from "../support/process.ts";
import { isInstalled } from "../support/redis_server.ts";
import { SseClient } from "../support/sse_client.ts";
import { takeFreePort } from "../../live/transport/listener.ts";

const TOKEN = "the-publish-token-of-the-tests";
const FOLDER = new URL(".", import.meta.url);
const DRAIN_MS = Number(variables.LIVE_WS_DRAIN_TIMEOUT_MS.default);

function read(name: string): string {
  return Deno.readTextFileSync(new URL(name, FOLDER));
}

/** Returns the number after a name in a file. */
function numberIn(text: string, pattern: RegExp): number {
  const found = pattern.exec(text)?.[1];
  assert(found !== undefined, `${pattern}`);
  return Number(found);
}

const caddy = find("caddy", ["version"]);

Deno.test({
  name: `Caddyfile carries WebSockets and events of one host${caddy ? "" : " (ignored: no caddy)"}`,
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
    const port = takeFreePort();
    const proxy = stack.use(
      new Program(caddy ?? "", {
        args: ["run", "--config", new URL("Caddyfile", FOLDER).pathname],
        env: {
          HOME: home,
          XDG_DATA_HOME: home,
          XDG_CONFIG_HOME: home,
          LIVE_SITE: `http://127.0.0.1:${port}`,
          LIVE_UPSTREAM: `127.0.0.1:${live}`,
          DIRECTUS_UPSTREAM: new URL(url).host,
        },
      }),
    );
    assert(await proxy.find(/serving initial configuration/), proxy.output);
    const cookie = directus.session("ada@example.com");
    const base = `127.0.0.1:${port}`;
    await using client = await Client.connect(`ws://${base}/live-socket`, { cookie });
    await client.next();
    await client.subscribe("events:1");
    await using stream = await SseClient.connect(`http://${base}/sse?topic=events:1`, { cookie });
    await stream.take(2); // the welcome, and where the topic begins

    const response = await fetch(`http://127.0.0.1:${ops}/publish`, {
      method: "POST",
      headers: { authorization: `Bearer ${TOKEN}`, "content-type": "application/json" },
      body: '{"topic":"events:1","data":"through Caddy"}',
    });
    await response.body?.cancel();

    assertEquals((await client.next()).data, "through Caddy");
    assertEquals((await stream.next()).data, "through Caddy");
    const ping = await fetch(`http://${base}/server/ping`);
    assertEquals(await ping.text(), "pong", "the rest is Directus's");
    const publish = await fetch(`http://${base}/publish`, { method: "POST" });
    await publish.body?.cancel();
    assertEquals(publish.status, 404, "publishing is not for the world");
  },
});

Deno.test("kubernetes.yaml gives the drain the time that it may take", () => {
  const text = read("kubernetes.yaml");
  const graceS = numberIn(text, /terminationGracePeriodSeconds: (\d+)\n/);
  const preStopS = numberIn(text, /preStop: \{ sleep: \{ seconds: (\d+) \} \}/);
  const drainMs = numberIn(text, /LIVE_WS_DRAIN_TIMEOUT_MS, value: "(\d+)"/);
  assertEquals(drainMs, DRAIN_MS);
  assertGreater(graceS * 1000, preStopS * 1000 + drainMs);
});

Deno.test("kubernetes.yaml asks the routes that there are, on the port that they are on", () => {
  const text = read("kubernetes.yaml");
  assertEquals([...text.matchAll(/path: (\/\w+), port: (\w+)/g)].map(([, ...rest]) => rest), [
    ["/readyz", "ops"],
    ["/healthz", "ops"],
  ]);
  assertEquals(numberIn(text, /name: live, containerPort: (\d+)/), 8080);
  assertEquals(numberIn(text, /name: ops, containerPort: (\d+)/), 9090);
});

for (const file of ["compose.yaml", "kubernetes.yaml"]) {
  Deno.test(`${file} sets variables that there are`, () => {
    const names = [...read(file).matchAll(/\b(?:LIVE|DIRECTUS|OPS|REDIS|INSTANCE)_[A-Z_]+\b/g)]
      .map(([name]) => name).filter((name) => !ELSEWHERE.includes(name));
    for (const name of names) assert(Object.hasOwn(variables, name), name);
  });
}

/** Names of the Caddyfile, and of what starts Directus. */
const ELSEWHERE = ["LIVE_SITE", "LIVE_UPSTREAM", "DIRECTUS_UPSTREAM", "DIRECTUS_SECRET"];

Deno.test("compose.yaml and live.service give the drain the time that it may take", () => {
  const composeS = numberIn(read("compose.yaml"), /stop_grace_period: (\d+)s/);
  const systemdS = numberIn(read("live.service"), /TimeoutStopSec=(\d+)s/);
  for (const seconds of [composeS, systemdS]) assertGreater(seconds * 1000, DRAIN_MS);
});

const hasSystemd = isInstalled("systemd-analyze", ["--version"]);

Deno.test({
  name: `live.service is good for systemd${hasSystemd ? "" : " (ignored: no systemd-analyze)"}`,
  ignore: !hasSystemd,
  async fn() {
    const folder = await Deno.makeTempDir({ prefix: "live-systemd-" });
    try {
      const unit = `${folder}/live.service`;
      const installed = read("live.service").replaceAll("/usr/local/bin/live", "/bin/true");
      await Deno.writeTextFile(unit, installed);
      for (
        const args of [["verify", unit], ["security", "--offline=true", "--threshold=20", unit]]
      ) {
        const command = new Deno.Command("systemd-analyze", { args, stdout: "null" });
        const { code, stderr } = await command.output();
        assertEquals([code, new TextDecoder().decode(stderr)], [0, ""], args[0]);
      }
    } finally {
      await Deno.remove(folder, { recursive: true });
    }
  },
});
