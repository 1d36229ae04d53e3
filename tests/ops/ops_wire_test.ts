/**
 * The ops listener on the wire: what `fetch` cannot send, and the way from it to a client.
 *
 * @module
 */

import { assertEquals } from "@std/assert";
import type { Publication } from "../../live/domain/broker.ts";
import { createOpsServer, type OpsServerDeps } from "../../live/ops/ops_server.ts";
import { startLive } from "../support/live.ts";
import { RawClient } from "../support/raw_client.ts";
import { RecordingLogger } from "../support/recorders.ts";

const TOKEN = "the-publish-token-of-the-tests";
const MIB = 1_048_576;

const publishHeaders = {
  "host": "ops",
  "authorization": `Bearer ${TOKEN}`,
  "content-type": "application/json",
};

/** Starts an ops listener that keeps what is published, unless told what to do with it. */
async function startOps(publish?: OpsServerDeps["publish"]) {
  const logger = new RecordingLogger();
  const published: Publication[] = [];
  const keep: OpsServerDeps["publish"] = (publications) => {
    published.push(...publications);
    return Promise.resolve([]);
  };
  const server = createOpsServer({
    host: "127.0.0.1",
    port: 0,
    publishToken: TOKEN,
    readiness: () => "ready",
    metrics: { contentType: "text/plain", text: () => Promise.resolve("") },
    publish: publish ?? keep,
    logger,
  });
  const { port } = await server.start();
  return { port, logger, published, [Symbol.asyncDispose]: () => server.stop() };
}

for (const host of ["[", "a b", "%", ""]) {
  Deno.test(`OpsServer answers a Host that is none: "${host}"`, async () => {
    await using ops = await startOps();
    using client = await RawClient.connect(ops.port);

    await client.request("/nowhere", { host });

    assertEquals((await client.head()).status, 404);
    assertEquals(ops.logger.of("error"), []);
  });
}

Deno.test("POST /publish refuses a body that is announced as over 1 MiB before it comes", async () => {
  await using ops = await startOps();
  using client = await RawClient.connect(ops.port);

  await client.request("/publish", { ...publishHeaders, "content-length": `${MIB + 1}` }, "POST");

  assertEquals((await client.head()).status, 413);
});

Deno.test("POST /publish without the token is refused before its body comes", async () => {
  await using ops = await startOps();
  using client = await RawClient.connect(ops.port);
  const headers = { ...publishHeaders, "authorization": "Bearer wrong", "content-length": "100" };

  await client.request("/publish", headers, "POST");

  assertEquals((await client.head()).status, 401);
});

Deno.test("POST /publish publishes nothing of a body that breaks off", async () => {
  await using ops = await startOps();
  {
    using client = await RawClient.connect(ops.port);
    await client.request("/publish", { ...publishHeaders, "content-length": "1000" }, "POST");
    await client.write(JSON.stringify({ topic: "event:1", data: 1 }));
  }
  using other = await RawClient.connect(ops.port);
  const body = JSON.stringify({ topic: "event:2", data: 2 });
  await other.request(
    "/publish",
    { ...publishHeaders, "content-length": `${body.length}` },
    "POST",
  );
  await other.write(body);

  assertEquals((await other.head()).status, 200);
  assertEquals(ops.published, [{ topic: "event:2", data: "2" }]);
  assertEquals(ops.logger.of("error"), []);
});

Deno.test("POST /publish reaches the subscribers in its order, and nobody else", async () => {
  await using live = await startLive();
  await using ops = await startOps((publications) => live.hub.publish(publications));
  await using ada = await live.connect("ada");
  await using bob = await live.connect("bob");
  await ada.subscribe("event:1");
  await bob.subscribe("event:2");
  const elements = Array.from({ length: 1_000 }, (_, index) => ({
    topic: index % 10 === 0 ? "event:2" : "event:1",
    data: index,
  }));

  const response = await fetch(`http://127.0.0.1:${ops.port}/publish`, {
    method: "POST",
    headers: publishHeaders,
    body: JSON.stringify(elements),
  });

  const { published } = await response.json();
  const dataOf = ({ data }: { data: number }) => data;
  assertEquals([response.status, published.length], [200, 1_000]);
  assertEquals(
    (await ada.take(900)).map(dataOf),
    elements.map(dataOf).filter((data) => data % 10 !== 0),
  );
  assertEquals(
    (await bob.take(100)).map(dataOf),
    elements.map(dataOf).filter((data) => data % 10 === 0),
  );
});
