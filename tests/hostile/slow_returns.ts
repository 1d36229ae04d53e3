/**
 * Honest clients with slow connections that all return to a long history at the same moment.
 *
 * @module
 */

import { assertEquals } from "@std/assert";
import { textFrame } from "../support/frames.ts";
import type { RawClient } from "../support/raw_client.ts";
import { ALLOCATOR_MIB, type Attack, type AttackContext, connectionsMib } from "./attack.ts";
import { Attackers, format, metricReaches, repeat, tally } from "./attackers.ts";
import { Flood } from "./flood.ts";
import { jsonFrame, LightClient, upgradeRequest } from "./light_client.ts";

const TOPIC = "event:2";
const CLIENTS = 1_500;

/** The history: 256 messages, which the server keeps by default, of 515 KiB together. */
const MESSAGES = 256;
const MESSAGE_BYTES = 2_060;

/** What a client reads at a time, in bytes. All clients take turns. */
const CHUNK_BYTES = 4_096;

/**
 * The number of a message, which is at the end of its data, and room for a number that arrives in two
 * parts.
 */
const NUMBER = /"n":(\d+)\}/g;
const NUMBER_LENGTH = 16;

const decoder = new TextDecoder("latin1");

/** Resolves to `complete` once a client has read all messages in order, or to what is wrong. */
async function readAll(client: LightClient): Promise<string> {
  const bytes = new Uint8Array(CHUNK_BYTES);
  let [text, last] = ["", 0];
  while (last < MESSAGES) {
    const count = await client.readInto(bytes).catch(() => null);
    if (count === null) return `ended after message ${last}`;
    text += decoder.decode(bytes.subarray(0, count));
    let end = 0;
    for (const match of text.matchAll(NUMBER)) {
      if (Number(match[1]) !== ++last) return `received message ${match[1]}, not ${last}`;
      end = match.index + match[0].length;
    }
    text = text.slice(Math.max(end, text.length - NUMBER_LENGTH));
  }
  return "complete";
}

async function returnSlowly(context: AttackContext): Promise<string> {
  const { target, directus } = context;
  const flood = new Flood(context, {
    topic: TOPIC,
    perSecond: 1_280,
    bytes: MESSAGE_BYTES,
    keys: MESSAGES,
  });
  await flood.count(MESSAGES, () => Promise.resolve());
  using first = await Attackers.connect(context, 1);
  const [reader] = first.clients as [RawClient];
  await reader.sendFrame(textFrame(JSON.stringify({ type: "subscribe", topic: TOPIC })));
  const { epoch } = await reader.message();
  const request = upgradeRequest(directus.session("mallory"));
  using clients = new DisposableStack();
  const returned = await repeat(CLIENTS, async () => {
    const client = clients.use(await LightClient.connect(target.live));
    await client.write(request);
    await client.read('"welcome"');
    return client;
  });
  const question = jsonFrame({ type: "subscribe", topic: TOPIC, since: { epoch, offset: 0 } });
  await repeat(CLIENTS, (index) => returned[index]?.write(question) ?? Promise.resolve());
  await metricReaches(context, 'recoveries_total{result="hit"}', (value) => value === CLIENTS);
  const { now } = target.memoryMib;
  const ends = tally(await Promise.all(returned.map(readAll)));
  assertEquals(ends, { complete: CLIENTS });
  return `${CLIENTS} return to ${MESSAGES} messages, 515 KiB, and read slowly: ${format(ends)}, ` +
    `${now} MiB before they read`;
}

/** The attack by clients that return. */
export const returns: readonly Attack[] = [
  {
    name: "slow-returns",
    maxGrowthMib: connectionsMib(CLIENTS),
    maxRetainedMib: ALLOCATOR_MIB,
    run: returnSlowly,
  },
];
