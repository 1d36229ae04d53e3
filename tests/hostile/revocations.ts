/**
 * Revocations that whatever is in flight could pass by: handshakes that wait for Directus, and pages that
 * reload and subscribe again with a right that the server remembers.
 *
 * @module
 */

import { assertEquals } from "@std/assert";
import { setTimeout as sleep } from "node:timers/promises";
import { Opcode, readClose, textFrame } from "../support/frames.ts";
import { RawClient } from "../support/raw_client.ts";
import { ALLOCATOR_MIB, type Attack, type AttackContext } from "./attack.ts";
import { connect, format, metricReaches, post, repeat, tally } from "./attackers.ts";

/** Handshakes that wait for each revocation, and the number of revocations. */
const HANDSHAKES = 40;
const REVOCATIONS = 10;

/** Pages that reload during each revocation, and the number of topics that are revoked. */
const PAGES = 8;
const TOPICS = 60;

/** Item behind the first topic. */
const FIRST_ITEM = 100;

/** Answers of Directus are this late at most, so that some overtake the revocation, in milliseconds. */
const MAX_DELAY_MS = 20;

/** Share of reloads with a new session, whose rights the server has to ask for. */
const NEW_SESSION = 0.3;

/** How often a page asks for a sign of life before it reloads, at most. */
const MAX_PINGS = 4;

/** What is published after a revocation. */
const SECRET = "published after the revocation";

const decoder = new TextDecoder();

/** Waits for a random time. */
async function jitter(): Promise<void> {
  await sleep(Math.random() * MAX_DELAY_MS);
}

/** Publishes what no revoked client may get, with a key, so that a late snapshot would hold it. */
async function publishSecret(context: AttackContext, topic: string): Promise<void> {
  await post(context, "/publish", { topic, key: "secret", data: SECRET });
}

/**
 * Reads a client's messages up to one that contains a text; resolves to that text, to the close code, to
 * `ended`, or to `delivered` if it receives what it must not.
 */
async function readTo(client: RawClient, ...texts: readonly string[]): Promise<string> {
  for (;;) {
    const frame = await client.frame();
    if (frame === undefined) return "ended";
    if (frame.opcode === Opcode.Close) return String(readClose(frame).code);
    const text = decoder.decode(frame.payload);
    if (text.includes(SECRET)) return "delivered";
    const found = texts.find((each) => text.includes(each));
    if (found !== undefined) return found;
  }
}

/** Sends a message. On Deno's own transport that breaks a connection which the server has closed. */
async function send(client: RawClient, message: unknown): Promise<void> {
  await client.sendFrame(textFrame(JSON.stringify(message))).catch(() => {});
}

/** Connects and subscribes; resolves to how the connection ends, or to `delivered`. */
async function enter({ target }: AttackContext, cookie: string, topic: string): Promise<string> {
  using client = await RawClient.connect(target.live);
  const { status } = await client.upgrade("/", { cookie });
  if (status !== 101) return String(status);
  const first = await readTo(client, '"welcome"');
  if (first !== '"welcome"') return first;
  await send(client, { type: "subscribe", topic });
  return await readTo(client);
}

/** Revokes a user whose handshakes wait for answers that Directus gave before. */
async function handshakes(context: AttackContext): Promise<string> {
  const { target, directus } = context;
  const ends: string[] = [];
  for (let round = 0; round < REVOCATIONS; round++) {
    const topic = `event:${FIRST_ITEM + round}`;
    const [asked, released] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
    let questions = 0;
    directus.intercept = async (request, respond) => {
      const response = await respond();
      if (++questions === HANDSHAKES) asked.resolve();
      if (new URL(request.url).pathname === "/users/me") await released.promise.then(jitter);
      return response;
    };
    const cookies = Array.from({ length: HANDSHAKES }, () => directus.session("mallory"));
    const entering = cookies.map((cookie) => enter(context, cookie, topic));
    await asked.promise;
    released.resolve();
    await jitter();
    await post(context, "/revoke", { user: "mallory" });
    await publishSecret(context, topic);
    ends.push(...await Promise.all(entering));

    // The server knows these sessions again, until the next revocation.
    for (const client of await repeat(HANDSHAKES, (n) => connect(target.live, cookies[n] ?? ""))) {
      client.close();
    }
    for (const cookie of cookies) directus.logOut(cookie);
    await post(context, "/revoke", { user: "mallory" });
    const statuses = await Promise.all(cookies.map((cookie) => enter(context, cookie, topic)));
    assertEquals(tally(statuses), { 401: HANDSHAKES }, "after a logout and a revocation");
  }
  const counts = tally(ends);
  const { 4503: revoked = 0, ended = 0 } = counts; // a close code can be lost with `deno`: see send()
  assertEquals(revoked + ended, ends.length, format(counts));
  await metricReaches(
    context,
    'disconnects_total{code="4503"}',
    (value) => value >= ends.length,
  );
  return `${ends.length} handshakes wait while their user is revoked: ${format(counts)}; as many ` +
    "come back after a logout and a revocation: 401";
}

/** Reloads a page once: connects, subscribes, and stays a moment. Resolves to how it ended. */
async function reload({ target }: AttackContext, cookie: string, topic: string): Promise<string> {
  using client = await connect(target.live, cookie);
  await send(client, { type: "subscribe", topic });
  const answer = await readTo(client, '"subscribed"', '"forbidden"');
  if (answer !== '"subscribed"') return answer;
  for (let pings = Math.floor(Math.random() * MAX_PINGS); pings > 0; pings--) {
    await send(client, { type: "ping" });
    const end = await readTo(client, '"pong"', '"forbidden"');
    if (end !== '"pong"') return end;
  }
  return answer;
}

/**
 * Takes a right away and revokes it while pages reload. The server has granted it before, and remembers
 * that, or just asks for it.
 */
async function reloads(context: AttackContext): Promise<string> {
  const { directus } = context;
  const cookies = Array.from({ length: PAGES }, () => directus.session("mallory"));
  directus.intercept = async (_, respond) => {
    const response = await respond();
    await jitter();
    return response;
  };
  let count = 0;
  for (let round = 0; round < TOPICS; round++) {
    const item = FIRST_ITEM + round;
    const topic = `event:${item}`;
    await Promise.all(cookies.map((cookie) => reload(context, cookie, topic)));
    let isPublished = false;
    const pages = Promise.all(cookies.map(async (cookie, page) => {
      for (;;) {
        const isLast = isPublished;
        if (Math.random() < NEW_SESSION) cookie = cookies[page] = directus.session("mallory");
        const end = await reload(context, cookie, topic);
        count++;
        if (isLast || end === "delivered") return end;
      }
    }));
    await jitter();
    directus.deny(item);
    await post(context, "/revoke", { topic: round % 2 === 0 ? topic : "event:*" });
    await publishSecret(context, topic);
    isPublished = true;
    assertEquals(tally(await pages), { '"forbidden"': PAGES }, topic);
  }
  return `${PAGES} pages reload ${count} times while rights to ${TOPICS} topics are revoked: ` +
    "none receives what is published afterwards";
}

/** Attacks by what is in flight during a revocation. */
export const revocations: readonly Attack[] = [
  {
    name: "revoked-handshakes",
    env: { DIRECTUS_MAX_CONCURRENCY: `${HANDSHAKES}` },
    maxRetainedMib: ALLOCATOR_MIB,
    run: handshakes,
  },
  {
    name: "revoked-reloads",
    env: { LIVE_REVALIDATE_INTERVAL_MS: "20" },
    maxRetainedMib: ALLOCATOR_MIB,
    run: reloads,
  },
  {
    name: "revoked-unwatched",
    env: { LIVE_REVALIDATE_INTERVAL_MS: "0" },
    maxRetainedMib: ALLOCATOR_MIB,
    run: reloads,
  },
];
