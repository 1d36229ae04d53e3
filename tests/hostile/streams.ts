/**
 * Streams of server-sent events whose URL names as many topics as fit.
 *
 * @module
 */

import { assert, assertEquals } from "@std/assert";
import { ALLOCATOR_MIB, type Attack, type AttackContext } from "./attack.ts";
import { format, repeat, tally } from "./attackers.ts";
import { BOUNDLESS, FAILING_ITEM } from "./directus_proxy.ts";

/** How many topics fit into a URL: with `ws`, a request's head may have 16 KiB. */
const MAX_TOPICS = 800;

/** Topics of all streams of one measurement. They take the server nearly a second. */
const ALL = 24_000;

/** Into how many parts the topics of a URL are divided for comparison. */
const PARTS = 4;

/** How many times more CPU time a topic may cost in a URL of all topics than in a URL of a part. */
const MAX_SLOWDOWN = 2;

/** Number of requests that are refused, and of requests that repeat one topic. */
const REFUSED = 200;
const REPEATED = 100;

/** How many requests one user makes concurrently. */
const CONCURRENCY = 4;

/** Streams whose topics Directus cannot be asked about, and how many topics each has. */
const FAILING_STREAMS = 20;
const FAILING_TOPICS = 100;

/** Subscriptions of a stream that its rate allows, and the most questions that they may take. */
const BURST = 2 * FAILING_TOPICS;
const MAX_QUESTIONS = 2 * BURST * FAILING_STREAMS;

/** Requests a stream. Resolves to the status, and to how many topics it has started, up to `expected`. */
async function request(
  { target }: AttackContext,
  cookie: string,
  topics: readonly string[],
  expected: number,
): Promise<string> {
  const query = topics.map((topic) => `topic=${topic}`).join("&");
  const response = await fetch(`http://127.0.0.1:${target.live}/sse?${query}`, {
    headers: { cookie },
  });
  const text = response.body?.pipeThrough(new TextDecoderStream()).getReader();
  let [started, line] = [0, ""];
  while (started < expected) {
    const { value, done } = await text?.read() ?? { value: undefined, done: true };
    if (done || value === undefined) break;
    const lines = (line + value).split("\n");
    line = lines.pop() ?? "";
    started += lines.filter((line) => line.includes('"type":"subscribed"')).length;
  }
  await text?.cancel(); // disconnects
  return response.ok ? `${started} started` : String(response.status);
}

async function streamTopics(context: AttackContext): Promise<string> {
  const { target, directus } = context;
  const cookie = directus.session("mallory");
  let topic = 0;
  const names = (count: number) => Array.from({ length: count }, () => `${BOUNDLESS}:${topic++}`);
  const tooMany = names(MAX_TOPICS + 1);
  const refused = tally(
    await repeat(REFUSED, () => request(context, cookie, tooMany, 0), CONCURRENCY),
  );
  assertEquals(refused, { 400: REFUSED });
  const again = Array.from({ length: MAX_TOPICS }, () => `${BOUNDLESS}:1`);
  const repeated = tally(
    await repeat(REPEATED, () => request(context, cookie, again, 1), CONCURRENCY),
  );
  assertEquals(repeated, { "1 started": REPEATED });
  /** Opens streams of `count` topics; resolves to the server's CPU time for each topic, in microseconds. */
  const costUs = async (count: number) => {
    const startSeconds = target.cpuSeconds;
    const started = tally(
      await repeat(ALL / count, () => request(context, cookie, names(count), count), CONCURRENCY),
    );
    assertEquals(started, { [`${count} started`]: ALL / count });
    return (target.cpuSeconds - startSeconds) * 1e6 / ALL;
  };
  await costUs(MAX_TOPICS); // compiles the code
  const fewUs = await costUs(MAX_TOPICS / PARTS);
  const manyUs = await costUs(MAX_TOPICS);
  const summary =
    `URLs of ${MAX_TOPICS + 1} topics: ${format(refused)}; of one topic ${MAX_TOPICS} times: ${
      format(repeated)
    }; ${fewUs.toFixed(0)} µs for each of ${MAX_TOPICS / PARTS} topics, ` +
    `${manyUs.toFixed(0)} µs for each of ${MAX_TOPICS}`;
  assert(manyUs <= MAX_SLOWDOWN * fewUs, summary);
  return summary;
}

/**
 * Directus fails on every topic of a stream, so that the server tries again and again for its client. That
 * counts against the client's rate: without a limit, the questions would go on while the stream is open.
 */
async function failingStreams(context: AttackContext): Promise<string> {
  const { target, directus } = context;
  let questions = 0;
  const endless = new AbortController();
  using http = Deno.createHttpClient({}); // keeps no connection once it is disposed of
  directus.intercept = async (_, respond) => {
    const response = await respond();
    if (response.status !== 500) return response;
    if (++questions > MAX_QUESTIONS) endless.abort();
    return new Response(null, { status: 500, headers: { "retry-after": "1" } });
  };
  const ends = tally(
    await repeat(FAILING_STREAMS, async (stream) => {
      const first = FAILING_ITEM + stream * FAILING_TOPICS;
      const topics = Array.from({ length: FAILING_TOPICS }, (_, n) => `topic=event:${first + n}`);
      const response = await fetch(`http://127.0.0.1:${target.live}/sse?${topics.join("&")}`, {
        headers: { cookie: directus.session("mallory") },
        client: http,
        signal: endless.signal,
      });
      return /"code":(\d+),"reason"/.exec(await response.text())?.[1] ?? "ended";
    }, FAILING_STREAMS),
  );
  assertEquals(ends, { 4429: FAILING_STREAMS });
  return `${FAILING_STREAMS} streams of ${FAILING_TOPICS} topics that always fail: ${
    format(ends)
  }, after ${questions} questions to Directus`;
}

/** The attacks by streams. Idle topics are kept for clients that reconnect. */
export const streams: readonly Attack[] = [{
  name: "stream-topics",
  env: { LIVE_MAX_TOPICS_PER_CONNECTION: `${MAX_TOPICS}` },
  maxRetainedMib: ALLOCATOR_MIB,
  maxRetainedHeapMib: 64,
  maxGrowthMib: 512,
  run: streamTopics,
}, {
  name: "stream-rate",
  env: {
    LIVE_MAX_TOPICS_PER_CONNECTION: `${FAILING_TOPICS}`,
    LIVE_MAX_MESSAGES_PER_SECOND: "1",
  },
  run: failingStreams,
}];
