/**
 * Traces, as they arrive at a collector.
 *
 * @module
 */

import { assert, assertEquals } from "@std/assert";
import { Client } from "../support/client.ts";
import { startDirectus } from "../support/directus.ts";
import { ServerProcess } from "../support/process.ts";
import { Watch } from "../support/queue.ts";

const TOKEN = "the-publish-token-of-the-tests";

/** A span in OTLP's JSON encoding. */
interface Span {
  readonly name: string;
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId?: string;
  readonly startTimeUnixNano: string;
  readonly endTimeUnixNano: string;
  readonly attributes: readonly { key: string; value: { stringValue?: string } }[];
}

/** A collector that keeps the spans it receives. */
class Collector implements AsyncDisposable {
  readonly spans: Span[] = [];
  readonly #watch = new Watch();
  readonly #server = Deno.serve(
    { hostname: "127.0.0.1", port: 0, onListen() {} },
    (request) => this.#take(request),
  );

  get url(): string {
    return `http://127.0.0.1:${this.#server.addr.port}`;
  }

  /** Resolves to the first matching span, once it has arrived. */
  async span(matches: (span: Span) => boolean): Promise<Span> {
    await this.#watch.until(() => this.spans.some(matches));
    return this.spans.find(matches) as Span;
  }

  async #take(request: Request): Promise<Response> {
    const body = await request.json();
    if (request.url.endsWith("/v1/traces")) {
      for (const { scopeSpans } of body.resourceSpans) {
        for (const { spans } of scopeSpans) this.spans.push(...spans);
      }
      this.#watch.changed();
    }
    return Response.json({});
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#server.shutdown();
  }
}

function attribute({ attributes }: Span, name: string): string {
  return attributes.find(({ key }) => key === name)?.value.stringValue ?? "";
}

Deno.test("main.ts traces an upgrade to Directus, and a publish call to its last subscriber", async () => {
  await using collector = new Collector();
  await using directus = startDirectus();
  await using server = await ServerProcess.spawn({
    DIRECTUS_BASE_URL: directus.url,
    LIVE_PUBLISH_TOKEN: TOKEN,
    LOG_LEVEL: "DEBUG",
    OTEL_DENO: "true",
    OTEL_EXPORTER_OTLP_PROTOCOL: "http/json",
    OTEL_EXPORTER_OTLP_ENDPOINT: collector.url,
    OTEL_BSP_SCHEDULE_DELAY: "50",
  });
  const { live, ops } = await server.ports();
  const cookie = directus.directus.session("ada@example.com");
  const bearer = directus.directus.session("ada@example.com").replace(/.*=/, "");
  await using client = await Client.connect(`ws://127.0.0.1:${live}`, { cookie });
  await client.next();
  await client.subscribe("events:1");
  await using service = await Client.connect(`ws://127.0.0.1:${live}`, {
    authorization: `Bearer ${bearer}`,
  });
  await service.next();
  const response = await fetch(`http://127.0.0.1:${ops}/publish`, {
    method: "POST",
    headers: { authorization: `Bearer ${TOKEN}`, "content-type": "application/json" },
    body: '{"topic":"events:1","data":1}',
  });
  await response.body?.cancel();
  await client.next();

  const call = await collector.span((span) => attribute(span, "url.full").includes("/users/me"));
  const upgrade = await collector.span(({ spanId }) => spanId === call.parentSpanId);
  assertEquals([upgrade.name, upgrade.traceId], ["GET", call.traceId]);

  const broadcast = await collector.span(({ name }) => name === "broadcast");
  const publish = await collector.span(({ spanId }) => spanId === broadcast.parentSpanId);
  assertEquals([publish.name, attribute(publish, "url.path")], ["POST", "/publish"]);
  assert(BigInt(broadcast.endTimeUnixNano) >= BigInt(broadcast.startTimeUnixNano));

  const opened = await server.line("connection opened");
  assertEquals(opened["trace_id"], upgrade.traceId);
  for (const { attributes } of collector.spans) {
    assertEquals(JSON.stringify(attributes).includes(cookie), false, "no span holds the cookie");
    assertEquals(JSON.stringify(attributes).includes(bearer), false, "no span holds the bearer");
    assertEquals(JSON.stringify(attributes).includes(TOKEN), false, "no span holds the token");
  }
});

Deno.test("main.ts without OTEL_DENO logs no trace ids", async () => {
  await using directus = startDirectus();
  await using server = await ServerProcess.spawn({ DIRECTUS_BASE_URL: directus.url });
  assertEquals(Object.hasOwn(await server.line("live listener started"), "trace_id"), false);
});
