/**
 * What clients and Directus see while Directus fails: end to end, from WebSockets to the requests that
 * reach a stand-in. Only the circuit breaker's clock is under the test's control.
 *
 * @module
 */

import { assertEquals, assertLess } from "@std/assert";
import { Client } from "../support/client.ts";
import { BASE, type ListeningDirectus, options, startDirectus } from "../support/directus.ts";
import { type Live, startLive } from "../support/live.ts";
import { CachedDirectus, FailingDirectus } from "./outage_setup.ts";
import { cookieOf, topicOf } from "./setup.ts";
import { createDirectusStandIn, type DirectusStandIn } from "./stand_in.ts";

const ME = "GET /users/me";

/** A server, its Directus, and a client of Ada's that is subscribed to `events:1`. */
class Setup implements AsyncDisposable {
  readonly listening: ListeningDirectus;
  readonly cached: CachedDirectus;
  readonly live: Live;
  readonly client: Client;

  private constructor(
    listening: ListeningDirectus,
    cached: CachedDirectus,
    live: Live,
    client: Client,
  ) {
    this.listening = listening;
    this.cached = cached;
    this.live = live;
    this.client = client;
  }

  static async start(timeoutMs?: number): Promise<Setup> {
    const listening = startDirectus();
    const cached = new CachedDirectus(listening.url, timeoutMs);
    const live = await startLive({ authority: cached.authority });
    const cookie = listening.directus.session("ada-id");
    const client = await Client.connect(live.ws, { cookie });
    assertEquals((await client.next()).type, "welcome");
    assertEquals((await client.subscribe("events:1")).type, "subscribed");
    return new Setup(listening, cached, live, client);
  }

  get directus(): DirectusStandIn {
    return this.listening.directus;
  }

  /** Requests an upgrade with a new session; resolves to status and `Retry-After`. */
  async knock(): Promise<string> {
    const cookie = this.directus.session("bob-id");
    const { status, headers } = await this.live.knock("/", { cookie });
    return [status, headers.get("retry-after")].join(" ").trim();
  }

  async knocks(count: number): Promise<string[]> {
    return await Promise.all(Array.from({ length: count }, () => this.knock()));
  }

  /** Publishes, and resolves once the client has it. */
  async broadcast(data: unknown): Promise<void> {
    await this.live.publish("events:1", data);
    assertEquals((await this.client.next()).data, data);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.client.close();
    await this.live[Symbol.asyncDispose]();
    await this.listening[Symbol.asyncDispose]();
  }
}

for (
  const [fault, timeoutMs] of [["broken", 60_000], ["pressure", 60_000], ["hung", 500]] as const
) {
  Deno.test(`LiveServer keeps serving while Directus is ${fault}, holds calls back, and recovers`, async () => {
    await using setup = await Setup.start(timeoutMs);
    const { directus, cached, client } = setup;
    directus.fail(fault);
    const before = directus.calls.length;
    assertEquals(await setup.knocks(5), Array(5).fill("503 2"));
    await cached.metrics.until(({ directus }) => directus.heldBack); // the probe has failed as well
    await setup.broadcast("while it fails");

    assertEquals(await setup.knocks(20), Array(20).fill("503 1")); // held back
    const { code, retryAfterMs } = await client.subscribe("events:2");
    assertEquals([code, retryAfterMs], ["unavailable", 1_000]);
    await setup.broadcast("while calls are held back");
    assertEquals([directus.calls.length - before, directus.count(ME) - 1], [6, 6]);

    cached.now += 1_000;
    assertEquals(await setup.knock(), "503 2"); // fails, and so does a probe
    await cached.logger.line("calls to Directus are still held back");
    assertEquals(await setup.knocks(20), Array(20).fill("503 2"));
    assertEquals(directus.calls.length - before, 8);

    directus.fail(undefined);
    cached.now += 2_000;
    assertEquals(await setup.knock(), "101");
    assertEquals(await setup.knocks(20), Array(20).fill("101"));
    assertEquals((await client.subscribe("events:2")).type, "subscribed");
    await setup.broadcast("after it");
    const [failed, held] = ["call to Directus failed", "calls to Directus"].map((message) =>
      cached.logger.lines.filter((line) => line.message.startsWith(message))
    );
    assertEquals(failed?.map(({ level }) => level), ["warn", ...Array(7).fill("debug")]);
    assertEquals(held?.map(({ level, fields }) => [level, fields["afterMs"]]), [
      ["warn", undefined],
      ["debug", undefined],
      ["info", 3_000],
    ]);
  });
}

Deno.test("LiveServer makes no call before the Retry-After of Directus", async () => {
  await using setup = await Setup.start();
  const { directus, cached } = setup;
  directus.fail("limited");
  assertEquals(await setup.knock(), "503 1");
  directus.fail(undefined);
  const before = directus.calls.length;
  cached.now += 999;
  assertEquals(await setup.knocks(20), Array(20).fill("503 1"));
  await setup.broadcast("in the pause");
  assertEquals(directus.calls.length, before);
  cached.now += 1;
  assertEquals(await setup.knocks(20), Array(20).fill("101"));
});

Deno.test("LiveServer accepts cached sessions and topics while calls are held back", async () => {
  await using setup = await Setup.start();
  const { directus, live, cached } = setup;
  const cookie = directus.session("ada-id");
  await using first = await Client.connect(live.ws, { cookie });
  await first.take(1);
  await first.subscribe("events:1");
  directus.fail("broken");
  await setup.knocks(5);
  await cached.metrics.until(({ directus }) => directus.heldBack);

  cached.now += 999;
  await using second = await Client.connect(live.ws, { cookie });
  await second.take(1);
  assertEquals((await second.subscribe("events:1")).type, "subscribed");
});

for (
  const [name, isBroken] of [
    ["fails", () => true],
    ["works for 3 s, fails for 30 s", (now: number) => now % 33_000 >= 3_000],
  ] as const
) {
  Deno.test(`Directus gets less than a fifth of the calls while it ${name}`, async () => {
    let isRepaired = false;
    const setup: FailingDirectus = new FailingDirectus(() =>
      !isRepaired && isBroken(setup.cached.now)
    );
    const asked = 10 * 120; // ten questions a second, for two minutes
    for (let i = 0; i < asked; i++) {
      await setup.authenticate();
      setup.cached.now += 100;
    }
    assertLess(setup.calls, asked / 5);

    isRepaired = true;
    setup.cached.now += 30_000;
    assertEquals(await setup.authenticate(), "authenticated");
    assertEquals(setup.cached.metrics.directus.heldBack, false);
  });
}

Deno.test("New clients are authenticated while 31 sessions of a user ask for items on which Directus fails", async () => {
  const setup = new FailingDirectus((question) => question.includes("/items/"));
  const sessions = Array.from({ length: 31 }, () => cookieOf(setup.directus.session("bob-id")));
  const answers: string[] = [];
  for (let i = 0; i < 250; i++) {
    const topic = topicOf(`events:${99_999_999_999 + i}`);
    await Promise.all(sessions.map((cookie) => setup.cached.authority.authorise(cookie, topic)));
    answers.push(await setup.authenticate());
    setup.cached.now += 100;
  }
  assertEquals(answers, Array(250).fill("authenticated"));
});

Deno.test("New clients are authenticated, and sessions revalidated, while Directus fails on made-up cookies", async () => {
  const setup = new FailingDirectus((question) => question.includes("made-up"));
  const connected = setup.directus.session("bob-id");
  const answers: string[] = [];
  for (let i = 0; i < 240; i++) {
    await setup.authenticate(`directus_session_token=made-up-${i}`);
    if (i % 20 === 0) answers.push(await setup.authenticate());
    if (i % 20 === 10) answers.push(await setup.authenticate(connected, true));
    setup.cached.now += 250;
  }
  assertEquals(answers, Array(24).fill("authenticated"));
});

Deno.test("LiveServer authorises a hundred topics of a client in three calls", async () => {
  const directus = createDirectusStandIn(options);
  // Directus responds once all messages have arrived, as if it were slow.
  const fetch: typeof globalThis.fetch = async (input, init) => {
    if (String(input).includes("/items/")) {
      await live.metrics.until(({ inbound }) => inbound.subscribe === 100);
    }
    return await directus.fetch(input, init);
  };
  const cached = new CachedDirectus(BASE, 60_000, fetch);
  await using live = await startLive({ authority: cached.authority });
  await using client = await Client.connect(live.ws, { cookie: directus.session("ada-id") });
  await client.take(1);
  for (let id = 1; id <= 100; id++) client.send({ type: "subscribe", topic: `many:${id}` });
  const answers = await client.take(100);
  assertEquals(new Set(answers.map(({ type }) => type)), new Set(["subscribed"]));
  assertEquals(new Set(answers.map(({ topic }) => topic)).size, 100);
  assertEquals(directus.calls.length - directus.count(ME), 3);
});
