/**
 * Tests of every protocol and transport with several threads. Real workers, real sockets.
 *
 * @module
 */

import { assertEquals, assertRejects } from "@std/assert";
import { cookieOf } from "../support/authorities.ts";
import { Client } from "../support/client.ts";
import { SseClient } from "../support/sse_client.ts";
import { TRANSPORTS } from "../support/transports.ts";
import { FakeSource, rowsOf } from "../views/setup.ts";
import { type StartThreadsOptions, Threads } from "./setup.ts";

/** Two clients of one protocol, one in each thread. */
type Both<C> = readonly [C, C];

/** Connects until each of the first two threads has a client; resolves to one of each. */
async function inBoth<C extends AsyncDisposable>(
  { lines, line }: Pick<Threads, "lines" | "line">,
  connect: () => Promise<C>,
): Promise<Both<C>> {
  const clients = new Map<unknown, C>();
  for (let tries = 0; clients.size < 2; tries++) {
    if (tries === 30) throw new Error("only one thread got clients"); // 1 in 2^29 for a fair system
    const opened = () => lines.filter(({ message }) => message === "connection opened");
    const count = opened().length;
    const client = await connect();
    await line("connection opened", count + 1);
    const thread = opened()[count]?.["thread"];
    if (clients.has(thread)) await client[Symbol.asyncDispose]();
    else clients.set(thread, client);
  }
  return [...clients.values()] as unknown as Both<C>;
}

/** Starts a server with views of rows. */
async function startWithRows(options: StartThreadsOptions): Promise<[Threads, FakeSource]> {
  const source = new FakeSource();
  source.list = "ab";
  return [await Threads.start({ viewSource: source, viewRefreshMs: 0, ...options }), source];
}

for (const transport of TRANSPORTS) {
  Deno.test(`[${transport}] streams of events in several threads get each message once`, async () => {
    await using threads = await Threads.start({ transport });
    const url = `http://127.0.0.1:${threads.port}/sse?topic=event:1`;
    const clients = await inBoth(
      threadsLog(threads),
      () => SseClient.connect(url, { cookie: cookieOf("ada") }),
    );
    for (const client of clients) await client.take(2);

    for (const data of [1, 2]) await threads.live.publish([{ topic: "event:1", data }]);

    for (const client of clients) {
      assertEquals((await client.take(2)).map(({ data }) => data), [1, 2]);
    }
    await threads.live.stop(5_000);
    for (const client of clients) await client[Symbol.asyncDispose]();
  });

  Deno.test(`[${transport}] clients of Directus's protocol in several threads get each change once`, async () => {
    const [started, source] = await startWithRows({ transport });
    await using threads = started;
    const clients = await inBoth(
      threadsLog(threads),
      () => Client.connect(`ws://127.0.0.1:${threads.port}/websocket?access_token=ada`),
    );
    const subscribe = { type: "subscribe", collection: "events", uid: "1" };
    for (const client of clients) {
      assertEquals((await client.ask(subscribe)).data, [{ id: "a" }, { id: "b" }]);
    }

    source.list = "abc";
    await threads.live.changed({ collection: "events", event: "create", keys: ["c"] });

    for (const client of clients) {
      const { event, data } = await client.next();
      assertEquals([event, data], ["create", [{ id: "c" }]]);
    }
    assertEquals(await threads.live.stop(5_000), { stragglers: 0 });
    for (const client of clients) assertEquals((await client.closed).code, 1001);
  });
}

Deno.test("clients authenticate, and renew their tokens, while all places are taken", async () => {
  const limits = { maxConnections: 2, maxConnectionsPerUser: 1 };
  const [started] = await startWithRows(limits);
  await using threads = started;
  const url = `ws://127.0.0.1:${threads.port}/websocket`;
  const clients = [await Client.connect(url), await Client.connect(url)] as const;

  for (const uid of [1, 2]) {
    for (const [index, client] of clients.entries()) {
      const answer = await client.ask({ type: "auth", access_token: `user-${index}`, uid });
      assertEquals(answer, { type: "auth", status: "ok", uid });
    }
  }

  await assertRejects(() => Client.connect(url));
  await clients[0].close();
  await threads.line("connection ended");
  await using again = await Client.connect(url);
  const renewed = again.ask({ type: "auth", access_token: "user-0" });
  assertEquals(await renewed, { type: "auth", status: "ok" });
  await clients[1].close();
});

for (const transport of TRANSPORTS) {
  Deno.test(`[${transport}] public clients of several threads share one read, and may authenticate later`, async () => {
    const [started, source] = await startWithRows({
      transport,
      directusAuth: "public",
      maxConnectionsPerUser: 1,
      revalidateIntervalMs: 50,
    });
    await using threads = started;
    source.classes.set("public", "public");
    source.rowsFor.set("public", rowsOf("a"));
    const url = `ws://127.0.0.1:${threads.port}/websocket`;
    const clients = await inBoth(threadsLog(threads), () => Client.connect(url));
    const subscribe = { type: "subscribe", collection: "events", uid: "1" };
    const auth = { type: "auth", access_token: "ada" };
    const failure = { type: "auth", email: "ada", password: "demo" };
    for (const client of clients) assertEquals((await client.ask(subscribe)).data, [{ id: "a" }]);

    assertEquals(source.reads, ["public"]);
    assertEquals((await clients[0].ask(auth)).status, "ok");
    assertEquals((await clients[0].next()).data, [{ id: "a" }, { id: "b" }]);
    assertEquals((await clients[0].ask(failure)).error.code, "AUTH_FAILED");
    assertEquals((await clients[0].next()).data, [{ id: "a" }]);
    // The first client has given up this user's only place.
    assertEquals((await clients[1].ask(auth)).status, "ok");
    assertEquals((await clients[1].next()).data, [{ id: "a" }, { id: "b" }]);
    source.rowsFor.set("public", rowsOf("ac"));
    await threads.live.changed({ collection: "directus_permissions", event: "update" });

    assertEquals((await clients[0].next()).data, [{ id: "c" }]);
    await threads.live.stop(5_000);
    for (const client of clients) assertEquals((await client.closed).code, 1001);
  });
}

function threadsLog(threads: Threads): Pick<Threads, "lines" | "line"> {
  return { lines: threads.lines, line: (message, count) => threads.line(message, count) };
}
