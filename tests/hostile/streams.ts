/**
 * Streams of server-sent events whose URL names as many topics as fit.
 *
 * @module
 */

import { assert, assertEquals } from "@std/assert";
import { ALLOCATOR_MIB, type Attack, type AttackContext } from "./attack.ts";
import { format, repeat, tally } from "./attackers.ts";
import { BOUNDLESS } from "./directus_proxy.ts";

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

/** The attack by streams. Idle topics are kept for clients that reconnect. */
export const streams: readonly Attack[] = [{
  name: "stream-topics",
  env: { LIVE_MAX_TOPICS_PER_CONNECTION: `${MAX_TOPICS}` },
  maxRetainedMib: ALLOCATOR_MIB,
  maxRetainedHeapMib: 64,
  maxGrowthMib: 512,
  run: streamTopics,
}];
