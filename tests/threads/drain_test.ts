/**
 * Draining the real program with two threads while clients of every protocol are connected.
 *
 * @module
 */

import { assert, assertEquals, assertNotMatch } from "@std/assert";
import { Client } from "../support/client.ts";
import { startDirectus } from "../support/directus.ts";
import { ServerProcess } from "../support/process.ts";
import { RawClient } from "../support/raw_client.ts";
import { SseClient } from "../support/sse_client.ts";
import { TRANSPORTS } from "../support/transports.ts";

const TOKEN = "the-publish-token-of-the-tests";

for (const transport of TRANSPORTS) {
  Deno.test(`[${transport}] main.ts: two threads send clients of every protocol away, and the program ends with 0`, async () => {
    await using started = startDirectus();
    const { directus, url } = started;
    await using server = await ServerProcess.spawn({
      DIRECTUS_BASE_URL: url,
      LIVE_TOPICS: "event=events",
      LIVE_PUBLISH_TOKEN: TOKEN,
      LIVE_THREADS: "2",
      LIVE_TRANSPORT: transport,
      LIVE_WS_DRAIN_TIMEOUT_MS: "2000",
      LOG_LEVEL: "DEBUG",
    });
    await server.line("threads started");
    const { live } = await server.ports();
    const cookie = directus.session("ada@example.com");
    const token = cookie.split("=")[1] ?? "";
    const address = `127.0.0.1:${live}`;
    const connect = {
      own: () => Client.connect(`ws://${address}`, { cookie }),
      guest: () => Client.connect(`ws://${address}/websocket`),
      directus: () => Client.connect(`ws://${address}/websocket?access_token=${token}`),
      stream: () => SseClient.connect(`http://${address}/sse?topic=event:1`, { cookie }),
    };
    const rounds = [1, 2, 3]; // several, so that usually both threads have clients
    const own = await Promise.all(rounds.map(connect.own));
    const guests = await Promise.all(rounds.map(connect.guest));
    const others = await Promise.all(rounds.map(connect.directus));
    const streams = await Promise.all(rounds.map(connect.stream));
    for (const client of others) {
      assertEquals(await client.ask({ type: "ping" }), { type: "pong" });
    }
    using _silent = await RawClient.connect(live); // never sends anything
    using half = await RawClient.connect(live);
    await half.write("GET / HTTP/1.1\r\nHost: x\r\n");
    using deaf = await RawClient.connect(live); // never answers the close frame
    const head = await deaf.upgrade(`/websocket?access_token=${token}`);
    assertEquals(head.status, 101);

    server.kill("SIGTERM");

    for (const client of [...own, ...guests, ...others]) {
      assertEquals((await client.closed).code, 1001);
    }
    for (const stream of streams) await stream.ended;
    const { code, stdout, stderr } = await server.ended;
    assertEquals(code, 0);
    assert(!(stdout + stderr).includes(token));
    assertNotMatch(stdout, /"level":"(?:ERROR|CRITICAL)"/);
    for (const stream of streams) await stream[Symbol.asyncDispose]();
  });
}
