/**
 * A Directus that answers every question, and takes its time.
 *
 * @module
 */

import { assertEquals } from "@std/assert";
import { setTimeout as sleep } from "node:timers/promises";
import { ALLOCATOR_MIB, type Attack, type AttackContext } from "./attack.ts";
import { closeCode, connect, metricReaches, repeat, tally, upgradeStatus } from "./attackers.ts";
import { LightClient, upgradeRequest } from "./light_client.ts";

/** Sessions that are revalidated, and how many of them end. */
const SESSIONS = 400;
const ENDED = 100;

/** Clients with made-up cookies that wait for Directus all the time. */
const FLOOD = 200;

/** How long Directus takes for each of the questions, and how many it gets at a time. */
const ANSWER_MS = 100;
const CONCURRENCY = 32;

/** How often the server revalidates a session, in milliseconds. */
const INTERVAL_MS = 4_000;

/** How many questions Directus can answer within two intervals, after which a session must be closed. */
const MAX_QUESTIONS = 2 * INTERVAL_MS / ANSWER_MS * CONCURRENCY;

/** How long the server waits for an answer, and how long Directus takes: much of it, in milliseconds. */
const TIMEOUT_MS = 5_000;
const LATE_MS = 4_000;

/** Clients that connect at once. Half of them have to wait for the answers to the others. */
const CLIENTS = 256;

/**
 * Users log out while clients with made-up cookies keep Directus busy. The questions that Directus answers
 * are the clock: a slow machine makes it slow too.
 */
async function revalidation(context: AttackContext): Promise<string> {
  const { target, directus } = context;
  let questions = 0;
  const overdue = Promise.withResolvers<string>();
  directus.intercept = async (_, respond) => {
    await sleep(ANSWER_MS);
    if (++questions === MAX_QUESTIONS) overdue.resolve("overdue");
    return await respond();
  };
  using clients = new DisposableStack();
  const ending = await repeat(ENDED, async () => {
    const cookie = directus.session("mallory");
    return { cookie, client: clients.use(await connect(target.live, cookie)) };
  }, CONCURRENCY);
  await repeat(SESSIONS - ENDED, async () => {
    const client = clients.use(await LightClient.connect(target.live));
    await client.write(upgradeRequest(directus.session("mallory")));
    await client.read('"welcome"');
  }, CONCURRENCY);

  let isOver = false;
  const flood = repeat(FLOOD, async (attacker) => {
    for (let n = 0; !isOver; n++) {
      const status = await upgradeStatus(context, `directus_session_token=none-${attacker}-${n}`);
      assertEquals(status, "401");
    }
  }, FLOOD);
  await sleep(INTERVAL_MS); // the flood has filled the queue
  for (const { cookie } of ending) directus.logOut(cookie);
  questions = 0;
  let last = 0;
  const ends = tally(
    await Promise.all(ending.map(async ({ client }) => {
      const end = await Promise.race([closeCode(client), overdue.promise]);
      last = questions;
      return end;
    })),
  );
  isOver = true;
  await flood;
  assertEquals(ends, { 4401: ENDED });
  assertEquals((await target.metrics()).get("connections"), SESSIONS - ENDED + 1);
  clients.dispose();
  await metricReaches(context, "connections", (value) => value === 1);
  await metricReaches(context, "directus_calls_in_flight", (value) => value === 0);
  directus.setFault(); // ends the connections that the server keeps for later questions
  return `${ENDED} of ${SESSIONS} users log out while made-up cookies queue: all are closed within ` +
    `${last} answers of Directus, which gives ${MAX_QUESTIONS} in two intervals`;
}

/** The time that a question waits for its turn must not count as time that Directus took. */
async function late(context: AttackContext): Promise<string> {
  const { directus, target } = context;
  let questions = 0;
  directus.intercept = async (_, respond) => {
    questions++;
    await sleep(LATE_MS);
    return await respond();
  };
  const cookies = Array.from({ length: CLIENTS }, () => directus.session("mallory"));
  const statuses = tally(
    await Promise.all(cookies.map((cookie) => upgradeStatus(context, cookie))),
  );
  directus.setFault(); // ends the connections that the server keeps for later questions
  assertEquals(statuses, { 101: CLIENTS });
  assertEquals(questions, CLIENTS, "Directus is asked once for each client, and no probe is sent");
  assertEquals((await target.metrics()).get("directus_held_back"), 0);
  return `${CLIENTS} connect while Directus takes ${LATE_MS} of ${TIMEOUT_MS} ms, half of them after ` +
    "a wait of as long: all get in, and the circuit breaker stays closed";
}

/** Attacks on a server whose Directus is slow. */
export const slowDirectus: readonly Attack[] = [
  {
    name: "revalidation-load",
    env: {
      DIRECTUS_MAX_CONCURRENCY: `${CONCURRENCY}`,
      LIVE_REVALIDATE_INTERVAL_MS: `${INTERVAL_MS}`,
    },
    maxRetainedMib: ALLOCATOR_MIB,
    run: revalidation,
  },
  {
    name: "directus-late",
    env: {
      DIRECTUS_AUTH_TIMEOUT_MS: `${TIMEOUT_MS}`,
      DIRECTUS_MAX_CONCURRENCY: `${CLIENTS / 2}`,
      LIVE_REVALIDATE_INTERVAL_MS: "0", // no other questions
    },
    maxRetainedMib: ALLOCATOR_MIB,
    run: late,
  },
];
