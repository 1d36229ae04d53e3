/**
 * Tests of the live server as a handler in a Deno.serve that is not its own.
 *
 * @module
 */

import { assertEquals, assertMatch } from "@std/assert";
import { cookieOf } from "../support/authorities.ts";
import { Client } from "../support/client.ts";
import { Live } from "../support/live.ts";
import { SseClient } from "../support/sse_client.ts";

/** A live server in a server that has a route of its own. */
class Mounted extends Live {
  readonly #server = Deno.serve(
    { hostname: "127.0.0.1", port: 0, onListen() {} },
    (request, info) => this.server.handler(request, info) ?? new Response("own route"),
  );

  constructor() {
    super({ options: { transport: "none" } });
  }

  override get port(): number {
    return this.#server.addr.port;
  }

  override async [Symbol.asyncDispose](): Promise<void> {
    await super[Symbol.asyncDispose]();
    await this.#server.shutdown();
  }
}

async function mount(): Promise<Mounted> {
  const live = new Mounted();
  await live.start();
  return live;
}

Deno.test("LiveServer.handler serves sockets, streams and the client beside other routes", async () => {
  await using live = await mount();
  await using socket = await live.connect();
  await using stream = await SseClient.open(live, ["event:1"]);
  await socket.subscribe("event:1");

  await live.publish("event:1", "x");

  assertEquals([(await socket.next()).data, (await stream.next()).data], ["x", "x"]);
  const script = await fetch(`${live.http}/live/client.js`);
  assertMatch(await script.text(), /export/);
  assertEquals(await (await fetch(`${live.http}/x`)).text(), "own route");
  assertEquals((await live.knock("/")).status, 401);
  assertEquals([live.metrics.gauges.connections, live.server.accepting], [2, true]);
});

Deno.test("LiveServer.stop() drains the connections of a handler, and its server continues", async () => {
  await using live = await mount();
  await using socket = await live.connect();
  await using stream = await SseClient.open(live, ["event:1"]);

  assertEquals(await live.server.stop(), { stragglers: 0 });

  assertEquals((await socket.closed).code, 1001);
  assertEquals(JSON.parse((await stream.event()).data).code, 1001);
  assertEquals((await live.knock("/", { cookie: cookieOf("ada") })).status, 503);
  await using refused = new Client(`${live.ws}/?reject=close`, { cookie: cookieOf("ada") });
  assertEquals((await refused.closed).code, 1013);
  assertEquals(await (await fetch(`${live.http}/x`)).text(), "own route");
});
