/**
 * What must never be seen: cookies and the publish token.
 *
 * @module
 */

import { assert, assertEquals } from "@std/assert";
import { createDirectusStandIn } from "./directus/stand_in.ts";
import { Client } from "./support/client.ts";
import { ServerProcess } from "./support/process.ts";

const TOKEN = "publish-token-0123456789";
const WRONG_TOKEN = "wrong-token-0123456789";

/** What became of a part of the test that is expected to go wrong in one way or another. */
async function attempt(run: () => Promise<unknown>): Promise<void> {
  await run().catch(() => {});
}

for (const format of ["json", "pretty"]) {
  Deno.test(`No cookie and no token is in the ${format} log at DEBUG, nor in metrics and answers`, async () => {
    const directus = createDirectusStandIn({
      users: [{ id: "ada-id", email: "ada@example.com", password: "demo" }],
      collections: [{ name: "events", items: [{ id: 42 }], readers: ["ada@example.com"] }],
    });
    await using web = Deno.serve(
      { hostname: "127.0.0.1", port: 0, onListen() {} },
      (request) => directus.handle(request),
    );
    const cookie = directus.session("ada@example.com");
    const secrets = [TOKEN, WRONG_TOKEN, cookie.split("=")[1] ?? "", "garbage-cookie", "s3cr3t"];
    const seen: string[] = [];
    await using process = ServerProcess.start({
      DIRECTUS_BASE_URL: `http://127.0.0.1:${web.addr.port}`,
      LIVE_WS_HOST: "127.0.0.1",
      LIVE_WS_PORT: "0",
      OPS_PORT: "0",
      LIVE_PUBLISH_TOKEN: TOKEN,
      LOG_LEVEL: "DEBUG",
      LOG_FORMAT: format,
    });
    const ports = await process.ports();
    const live = (query = "") => `ws://127.0.0.1:${ports.live}/${query}`;
    const ops = async (path: string, init?: RequestInit) => {
      const response = await fetch(`http://127.0.0.1:${ports.ops}${path}`, init);
      seen.push(JSON.stringify([...response.headers]), await response.text());
    };
    const publish = (token: string, body: string) =>
      ops("/publish", {
        method: "POST",
        headers: { "authorization": `Bearer ${token}`, "content-type": "application/json" },
        body,
      });

    // A life as it should be.
    const client = await Client.connect(live(), { cookie: `other=s3cr3t; ${cookie}` });
    await client.next();
    await client.subscribe("events:42");
    await publish(TOKEN, '{"topic":"events:42","data":1}');
    await client.next();
    // Refusals, by status and by close code.
    for (const bad of ["directus_session_token=garbage-cookie", "x=s3cr3t", ""]) {
      await attempt(() => Client.connect(live(), { cookie: bad }));
      seen.push(JSON.stringify(await new Client(live("?reject=close"), { cookie: bad }).closed));
    }
    await publish(WRONG_TOKEN, "{}");
    await publish(TOKEN, `{"topic":"${TOKEN}"}`);
    await client.ask(`not JSON but ${cookie}`);
    // A Directus that fails in every way.
    for (const fault of ["limited", "pressure", "broken"] as const) {
      directus.fail(fault);
      await attempt(() => Client.connect(live(), { cookie }));
      await client.subscribe("events:42", { id: fault });
    }
    directus.fail(undefined);
    directus.suspend("ada@example.com");
    client.send({ type: "subscribe", topic: "events:42" });
    seen.push(JSON.stringify(await client.closed), ...client.frames);
    await ops("/metrics");
    process.kill("SIGTERM");
    const { code, stdout, stderr } = await process.ended;

    assertEquals(code, 0);
    assert(stdout.includes("upgrade refused") && stdout.includes("session could not be checked"));
    const all = [stdout, stderr, ...seen].join("\n");
    for (const secret of secrets) {
      assert(
        !all.includes(secret),
        all.slice(Math.max(0, all.indexOf(secret) - 300)).slice(0, 400),
      );
    }
  });
}
