/**
 * The command of SECURITY.md runs the server with minimal permissions: everything that it needs works,
 * and nothing else is permitted.
 *
 * @module
 */

import { assert, assertEquals } from "@std/assert";
import { variables } from "../../live/config/variables.ts";
import { Client } from "../support/client.ts";
import { startDirectus } from "../support/directus.ts";
import { RawClient } from "../support/raw_client.ts";
import { RedisServer, redisTest } from "../support/redis_server.ts";
import { blockOf } from "./page.ts";
import { Program } from "../support/program.ts";

const TOKEN = "the-publish-token-of-the-tests";
const ROOT = new URL("../../", import.meta.url);
const NOWHERE = "127.0.0.1:9";

/** The addresses in the command. */
interface Addresses {
  /** Address of Directus. */
  readonly directus: string;
  /** The address that the server may call. @default {directus} */
  readonly allowed?: string;
  /** Host and port of Redis, if there is one. */
  readonly redis?: string;
}

/** The server, run by the command. */
class RestrictedServer extends Program {
  /** Runs the command with addresses of this machine. */
  static run({ directus, allowed = directus, redis }: Addresses): RestrictedServer {
    const command = blockOf("sh", [
      ["0.0.0.0:8080", "127.0.0.1:0"],
      ["127.0.0.1:9090", "127.0.0.1:0"],
      ["directus.example.com:443", new URL(allowed).host],
      ["redis.example.com:6379", redis ?? NOWHERE],
      ["exec deno", `exec "${Deno.execPath()}"`],
      ["$(deno", `$("${Deno.execPath()}"`],
    ]);
    const unset = Object.fromEntries(Object.keys(variables).map((name) => [name, ""]));
    return new RestrictedServer("sh", {
      args: ["-ec", command],
      cwd: ROOT,
      env: {
        ...unset,
        DIRECTUS_BASE_URL: directus,
        LIVE_WS_HOST: "127.0.0.1",
        LIVE_WS_PORT: "0",
        OPS_PORT: "0",
        LIVE_PUBLISH_TOKEN: TOKEN,
        REDIS_URL: redis === undefined ? "" : `redis://${redis}`,
        LOG_LEVEL: "DEBUG",
      },
    });
  }

  /** Resolves to the port of a listener once it listens. */
  async port(listener: "live" | "ops"): Promise<number> {
    const found = await this.find(new RegExp(`${listener} listener started.*"port":(\\d+)`));
    assert(found !== undefined, this.output);
    return Number(found[1]);
  }
}

/** Publishes a message, and asserts that a subscriber receives it. */
async function assertPublishes(server: RestrictedServer, cookie: string): Promise<void> {
  const live = await server.port("live");
  const ops = await server.port("ops");
  await using client = await Client.connect(`ws://127.0.0.1:${live}`, { cookie });
  await client.next();
  assertEquals((await client.subscribe("events:1")).type, "subscribed");
  const response = await fetch(`http://127.0.0.1:${ops}/publish`, {
    method: "POST",
    headers: { "authorization": `Bearer ${TOKEN}`, "content-type": "application/json" },
    body: JSON.stringify({ topic: "events:1", data: 1 }),
  });
  await response.body?.cancel();
  assertEquals(response.status, 200);
  assertEquals((await client.next()).data, 1);
}

Deno.test("the minimal permissions let the server serve clients", async () => {
  await using listening = startDirectus();
  await using server = RestrictedServer.run({ directus: listening.url });

  await assertPublishes(server, listening.directus.session("ada-id"));
});

redisTest("the minimal permissions let the server serve clients with Redis", async () => {
  await using redis = await RedisServer.start();
  await using listening = startDirectus();
  await using server = RestrictedServer.run({
    directus: listening.url,
    redis: `127.0.0.1:${redis.port}`,
  });
  assert(await server.find(/redis reached/) !== undefined, server.output);

  await assertPublishes(server, listening.directus.session("ada-id"));
});

Deno.test("the minimal permissions let the server call no other address", async () => {
  await using listening = startDirectus();
  const { directus, url } = listening;
  await using server = RestrictedServer.run({ directus: url, allowed: `http://${NOWHERE}` });
  using client = await RawClient.connect(await server.port("live"));

  const { status } = await client.upgrade("/", { cookie: directus.session("ada-id") });

  assertEquals(status, 503);
  assertEquals(directus.calls, []);
  assert(await server.find(/Requires net access to/) !== undefined, server.output);
});
