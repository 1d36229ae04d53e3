/**
 * Answers that come from something in front of Directus: a firewall, an access proxy, an ingress. They
 * say nothing about a session, wherever it is asked about.
 *
 * @module
 */

import { assertEquals } from "@std/assert";
import { createDirectusAuthority } from "../../live/directus/authority.ts";
import { createDirectusStandIn, type DirectusStandIn } from "../directus/stand_in.ts";
import { Client } from "../support/client.ts";
import { BASE, options } from "../support/directus.ts";
import { Live } from "../support/live.ts";
import { RecordingMetrics } from "../support/recording_metrics.ts";
import { knock, SseClient } from "../support/sse_client.ts";

/** How often sessions are revalidated, in milliseconds. */
const INTERVAL_MS = 20;

const HTML = "<html><title>403 Forbidden</title></html>";

/** The answers, by name. */
const ANSWERS: Record<string, () => Response> = {
  "401 with HTML": () => new Response(HTML, { status: 401 }),
  "403 with HTML": () => new Response(HTML, { status: 403 }),
  "401 without a body": () => new Response(null, { status: 401 }),
  "403 without a body": () => new Response(null, { status: 403 }),
  "403 with JSON of another form": () => Response.json({ error: "denied" }, { status: 403 }),
  "401 with errors without a code": () =>
    Response.json({ errors: [{ message: "Unauthorized" }] }, { status: 401 }),
  "404 with HTML": () => new Response(HTML, { status: 404 }),
  "302 to a login page": () =>
    new Response(null, { status: 302, headers: { location: "https://login.example.com" } }),
  "200 with HTML": () => new Response(HTML),
  "200 with JSON of another form": () => Response.json({ ok: true }),
  "200 without a body": () => new Response(null),
};

/** A server whose Directus can be replaced by something that answers in its place. */
class Setup implements AsyncDisposable {
  readonly directus: DirectusStandIn = createDirectusStandIn(options);
  readonly live: Live;
  /** Ada's session. */
  readonly cookie: string = this.directus.session("ada-id");
  /** The answer instead of Directus's, if there is one. */
  foreign: (() => Response) | undefined;
  /** Whether only questions about topics get that answer. */
  onlyItems = false;

  constructor() {
    const authority = createDirectusAuthority({
      baseUrl: BASE,
      timeoutMs: 60_000,
      topics: new Map(),
      metrics: new RecordingMetrics(),
      now: () => 0, // the circuit breaker's clock stands still
      fetch: (input, init) => {
        const isMeant = !this.onlyItems || String(input).includes("/items/");
        const answer = isMeant ? this.foreign?.() : undefined;
        return answer === undefined ? this.directus.fetch(input, init) : Promise.resolve(answer);
      },
    });
    this.live = new Live({ authority, revalidateMs: INTERVAL_MS });
  }

  /** Connects Ada, and subscribes to `events:1`. */
  async connect(): Promise<Client> {
    const client = await Client.connect(this.live.ws, { cookie: this.cookie });
    assertEquals((await client.next()).type, "welcome");
    assertEquals((await client.subscribe("events:1")).type, "subscribed");
    return client;
  }

  /** Resolves once sessions could not be revalidated a few times. */
  async revalidations(): Promise<void> {
    const { metrics } = this.live;
    const count = () => metrics.revalidations.filter((result) => result === "unavailable").length;
    const until = count() + 4;
    await metrics.until(() => count() >= until);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.live[Symbol.asyncDispose]();
  }
}

for (const [name, foreign] of Object.entries(ANSWERS)) {
  Deno.test(`LiveServer treats foreign answers as no denial: ${name}`, async () => {
    await using setup = new Setup();
    const { live, cookie } = setup;
    await live.start();
    await using client = await setup.connect();
    const headers = { cookie };
    await using stream = new SseClient(await fetch(`${live.http}/sse?topic=events:1`, { headers }));
    await stream.take(2);

    setup.foreign = foreign;
    assertEquals((await live.knock("/", headers)).status, 503);
    assertEquals((await knock(live, "/sse?topic=events:1", headers)).status, 503);
    await using closing = new Client(`${live.ws}?reject=close`, headers);
    assertEquals((await closing.closed).code, 1013);
    assertEquals((await client.subscribe("events:2")).code, "unavailable");
    await setup.revalidations();

    await live.publish("events:1", "still here");
    assertEquals((await client.next()).data, "still here");
    assertEquals((await stream.next()).data, "still here");
    assertEquals([live.metrics.disconnects, live.metrics.withdrawals], [[], 0]);
  });

  Deno.test(`LiveServer withdraws no topic while questions about items get ${name}`, async () => {
    await using setup = new Setup();
    const { live } = setup;
    await live.start();
    await using client = await setup.connect();
    setup.onlyItems = true;

    setup.foreign = foreign;
    assertEquals((await client.subscribe("events:2")).code, "unavailable");
    await setup.revalidations();

    await live.publish("events:1", "still here");
    assertEquals((await client.next()).data, "still here");
    assertEquals([live.metrics.disconnects, live.metrics.withdrawals], [[], 0]);
  });
}
