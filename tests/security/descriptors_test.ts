/**
 * The server under a limit of file descriptors that connections use up.
 *
 * @module
 */

import { assertEquals, assertStringIncludes } from "@std/assert";
import { Client } from "../support/client.ts";
import { startDirectus } from "../support/directus.ts";
import { ServerProcess } from "../support/process.ts";
import { TRANSPORTS } from "../support/transports.ts";

const TOKEN = "the-publish-token-of-the-tests";

/** How many files the server may open, and how many connections try to use them up. */
const LIMIT = 160;
const SILENT = 220;

/** Connections that send nothing. */
class Silent implements Disposable {
  readonly #connections: Deno.TcpConn[] = [];

  /** Opens `count` connections; refused ones do not count. */
  async open(port: number, count: number): Promise<void> {
    for (let opened = 0; opened < count; opened++) {
      try {
        this.#connections.push(await Deno.connect({ hostname: "127.0.0.1", port }));
      } catch {
        // refused, or broken at once
      }
    }
  }

  /** Closes them. */
  [Symbol.dispose](): void {
    for (const connection of this.#connections.splice(0)) connection.close();
  }
}

for (const transport of TRANSPORTS) {
  Deno.test({
    name: `[${transport}] main.ts outlives a shortage of file descriptors`,
    ignore: Deno.build.os === "windows",
    async fn() {
      await using directus = startDirectus();
      await using server = await ServerProcess.spawn(
        {
          DIRECTUS_BASE_URL: directus.url,
          DIRECTUS_CACHE_TTL_MS: "0",
          LIVE_PUBLISH_TOKEN: TOKEN,
          LIVE_TOPICS: "event=events",
          LIVE_TRANSPORT: transport,
        },
        [],
        { maxOpenFiles: LIMIT },
      );
      const { live, ops } = await server.ports();
      const get = async (path: string) => {
        const response = await fetch(`http://127.0.0.1:${ops}${path}`);
        await response.body?.cancel();
        return response.status;
      };
      const cookie = directus.directus.session("ada@example.com");
      await using client = await Client.connect(`ws://127.0.0.1:${live}`, { cookie });
      assertEquals((await client.next()).type, "welcome");
      using silent = new Silent();

      await silent.open(live, SILENT);

      const warning = await server.line("live listener accepts no connections");
      assertEquals(warning["level"], "WARN");
      assertEquals(await get("/healthz"), 200);
      if (transport === "deno") assertEquals(await get("/readyz"), 503);
      // The session still works: Directus is asked, and publications arrive.
      assertEquals((await client.subscribe("event:1")).type, "subscribed");
      const published = await fetch(`http://127.0.0.1:${ops}/publish`, {
        method: "POST",
        headers: { "authorization": `Bearer ${TOKEN}`, "content-type": "application/json" },
        body: JSON.stringify({ topic: "event:1", data: 1 }),
      });
      assertEquals([published.status, await published.json().then(() => 0)], [200, 0]);
      assertEquals((await client.next()).data, 1);

      silent[Symbol.dispose]();

      await server.line("live listener accepts connections again");
      await using newcomer = await Client.connect(`ws://127.0.0.1:${live}`, { cookie });
      assertEquals((await newcomer.next()).type, "welcome");
      assertEquals(await get("/readyz"), 200);
      const said = server.log.filter(({ level, message }) =>
        level === "WARN" && message === warning["message"]
      );
      assertEquals(said.length, 1);
      assertEquals(server.log.filter(({ level }) => level === "ERROR"), []);

      server.kill("SIGTERM");
      assertEquals((await server.ended).code, 0);
    },
  });
}

Deno.test("main.ts exits with 1 if its listener fails", async () => {
  await using server = await ServerProcess.spawn({ DIRECTUS_BASE_URL: "http://127.0.0.1:9" }, [], {
    preloads: ["tests/security/lost_listener.ts"],
  });
  const { live } = await server.ports();

  await (await fetch(`http://127.0.0.1:${live}/fail`)).body?.cancel();

  assertEquals((await server.ended).code, 1);
  const { level, error } = await server.line("live listener cannot listen any more");
  assertEquals(level, "ERROR");
  assertStringIncludes(JSON.stringify(error), `the port is taken: 127.0.0.1:${live}`);
});

for (
  const [limit, warnings] of [["160", 1], ["50127", 1], ["50128", 0], ["unlimited", 0], [
    "",
    0,
  ]] as const
) {
  Deno.test(`main.ts --open-files "${limit}" warns ${warnings} times of the limit`, async () => {
    const env = { DIRECTUS_BASE_URL: "http://127.0.0.1:9" };
    await using server = await ServerProcess.spawn(env, ["--open-files", limit]);
    await server.ports();
    server.kill("SIGTERM");
    await server.ended;
    const found = server.log.filter(({ message }) =>
      message === "the limit of open files is too low for LIVE_MAX_CONNECTIONS"
    );
    assertEquals(found.length, warnings);
  });
}
