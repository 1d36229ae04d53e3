/**
 * Attacks that reach the ops listener: foreign names of it, label values of its metrics, and publishers
 * that repeat themselves.
 *
 * @module
 */

import { assert, assertEquals } from "@std/assert";
import { Client } from "../support/client.ts";
import { closeFrame } from "../support/frames.ts";
import { RawClient } from "../support/raw_client.ts";
import { ALLOCATOR_MIB, type Attack, type AttackContext } from "./attack.ts";
import { closeCode, connect, format, metricReaches, post, repeat, tally } from "./attackers.ts";
import { leakMib } from "./leak.ts";
import { TOKEN } from "./target.ts";

/** Names that a page could have resolve to the ops listener, or that look like one of its own. */
const FOREIGN = [
  "evil.example",
  "evil.example:80",
  "127.0.0.1.evil.example",
  "localhost.evil.example",
  "evil-localhost",
  "localhost@evil.example",
  "evil.example\r\nhost: localhost",
  "localhost\r\nhost: evil.example",
  "evil.example, localhost",
];
const PATHS = ["/metrics", "/healthz", "/readyz", "/status", "/", "//metrics", "/METRICS"];
const CALLS = ["/publish", "/revoke", "/directus"];

/** Made-up names. */
const NAMES = 5_000;

/** The first code that a client may choose freely (RFC 6455, section 7.4.2), and how many it uses. */
const FIRST_CODE = 3_000;
const CODES = 2_000;

/** Codes among them that have a series of their own, because the server uses them. */
const KNOWN_CODES = 5;

/** Publications of a wave, how often each is published concurrently, and the number of waves. */
const WAVE = 50;
const REPEATS = 8;
const WAVES = 10;

/** Calls that are made concurrently. */
const CONCURRENCY = 16;

/** Ids of a call and of a round of calls, and the number of rounds. */
const BATCH = 1_000;
const ROUND = 25 * BATCH;
const ROUNDS = 9;

/** Ids that the server remembers. From here on, each one takes the place of another. */
const REMEMBERED = 100_000;

/** How much each id may leave in the heap from then on, in bytes: one that is remembered takes 300. */
const MAX_LEAK_BYTES = 48;

/** Asks the ops listener by a name; resolves to the status. */
async function ask(
  { target }: AttackContext,
  host: string,
  path: string,
  method = "GET",
): Promise<string> {
  using client = await RawClient.connect(target.ops);
  await client.request(path, { host, authorization: `Bearer ${TOKEN}` }, method);
  return String((await client.head()).status);
}

/** DNS rebinding: a page reads from the ops listener as from its own server, and knows the token. */
async function foreignHosts(context: AttackContext): Promise<string> {
  const requests = FOREIGN.flatMap((host) => [
    ...PATHS.map((path) => [host, path, "GET"] as const),
    ...CALLS.map((path) => [host, path, "POST"] as const),
  ]);
  const statuses = tally(
    await Promise.all(requests.map(([host, path, method]) => ask(context, host, path, method))),
  );
  const refused = (statuses["403"] ?? 0) + (statuses["400"] ?? 0);
  assertEquals(refused, requests.length, format(statuses));
  const names = tally(await repeat(NAMES, (n) => ask(context, `host-${n}.example`, "/metrics")));
  assertEquals(names, { 403: NAMES });
  assertEquals(await ask(context, "localhost", "/metrics"), "200");
  return `${requests.length} requests by foreign names: ${format(statuses)}; ${NAMES} made-up ` +
    `names: ${format(names)}`;
}

/** Closes with a code of the client's choice, which is a label of a metric. */
async function closeCodes(context: AttackContext): Promise<string> {
  const { target, directus } = context;
  const cookie = directus.session("mallory");
  const before = (await target.metrics()).size;
  await repeat(CODES, async (n) => {
    using client = await connect(target.live, cookie);
    await client.sendFrame(closeFrame(FIRST_CODE + n));
    await closeCode(client);
  });
  await metricReaches(context, "connections", (value) => value === 1);
  const metrics = await target.metrics();
  const more = metrics.size - before;
  assert(more <= KNOWN_CODES + 1, `${CODES} close codes add ${more} series`);
  assertEquals(metrics.get('disconnects_total{code="other"}'), CODES - KNOWN_CODES);
  return `${CODES} close codes of one user: ${metrics.size} series, ${more} more than before`;
}

/** Publishes the same concurrently, by the key of a call or by an id; each must be published once. */
async function repeated(context: AttackContext): Promise<string> {
  const { target, directus } = context;
  const topic = "event:2";
  await using client = await Client.connect(`ws://127.0.0.1:${target.live}`, {
    cookie: directus.session("mallory"),
  });
  await client.next(); // the welcome
  await client.subscribe(topic);
  for (let wave = 0; wave < WAVES; wave++) {
    const answers = await repeat(WAVE * REPEATS, async (n) => {
      const data = wave * WAVE + n % WAVE;
      const byKey = data % 2 === 0;
      const body = byKey ? [{ topic, data }] : { topic, data, id: `id-${data}` };
      const headers = byKey ? { "idempotency-key": `key-${data}` } : {};
      const [position] = (await post(context, "/publish", body, headers)).published;
      return [data, position.offset] as const;
    }, CONCURRENCY);
    const received = new Map<number, number>();
    for (const { data, offset } of await client.take(WAVE)) received.set(data, offset);
    assertEquals(received.size, WAVE, "each once");
    for (const [data, offset] of answers) assertEquals(offset, received.get(data), "its position");
  }
  await post(context, "/publish", { topic, data: "last" });
  const { data, offset } = await client.next();
  assertEquals([data, offset], ["last", WAVES * WAVE + 1], "nothing was published twice");

  const heapsMib: number[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    await repeat(ROUND / BATCH, async (call) => {
      const batch = Array.from(
        { length: BATCH },
        (_, n) => ({ topic: "event:3", key: "k", data: n }),
      );
      const headers = { "idempotency-key": `flood-${round}-${call}` };
      const first = await post(context, "/publish", batch, headers);
      if (call === 0) assertEquals(await post(context, "/publish", batch, headers), first);
    }, 2);
    if ((round + 1) * ROUND >= REMEMBERED) heapsMib.push(await target.collect());
  }
  const leakBytes = leakMib(heapsMib) * 1_048_576 / ROUND;
  const summary = `${WAVES * WAVE} publications, each ${REPEATS} times: delivered once; ${
    ROUNDS * ROUND
  } ids: each left ${leakBytes.toFixed(0)} bytes (heap in MiB: ${
    heapsMib.map((mib) => mib.toFixed(1)).join(", ")
  })`;
  assert(leakBytes <= MAX_LEAK_BYTES, summary);
  return summary;
}

/** Attacks on the ops listener. */
export const ops: readonly Attack[] = [
  { name: "foreign-hosts", run: foreignHosts },
  { name: "close-codes", maxRetainedMib: ALLOCATOR_MIB, run: closeCodes },
  { name: "repeated-calls", maxRetainedMib: ALLOCATOR_MIB, maxRetainedHeapMib: 64, run: repeated },
];
