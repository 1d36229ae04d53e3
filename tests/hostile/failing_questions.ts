/**
 * An attack with questions on which Directus always fails. The server must not treat the failures as an
 * outage.
 *
 * @module
 */

import { assertEquals } from "@std/assert";
import { setTimeout as sleep } from "node:timers/promises";
import { textFrame } from "../support/frames.ts";
import type { RawClient } from "../support/raw_client.ts";
import type { Attack, AttackContext } from "./attack.ts";
import { Attackers, closeCode, connect, repeat, tally, upgradeStatus } from "./attackers.ts";
import { FAILING_ITEM, FAILING_SESSION } from "./directus_proxy.ts";

/** Honest clients that connect during the attack, one after the other. */
const NEW_CLIENTS = 100;

/** Time between two questions that fail, in milliseconds. */
const PAUSE_MS = 20;

/** Connects with made-up sessions, and subscribes to items whose ids the database cannot read. */
async function failingQuestions(context: AttackContext): Promise<string> {
  const { target, directus } = context;
  using attackers = await Attackers.connect(context, 1);
  const [attacker] = attackers.clients as [RawClient];
  const cookie = directus.session("mallory");
  using loggedOut = await connect(target.live, cookie);
  directus.logOut(cookie);
  let questions = 0;
  let isOver = false;
  const attack = (async () => {
    for (; !isOver; questions += 2) {
      const session = `directus_session_token=${FAILING_SESSION}-${questions}`;
      assertEquals(await upgradeStatus(context, session), "503");
      const topic = `event:${FAILING_ITEM + questions}`;
      await attacker.sendFrame(textFrame(JSON.stringify({ type: "subscribe", topic })));
      assertEquals((await attacker.message()).code, "unavailable");
      await sleep(PAUSE_MS);
    }
  })();
  try {
    const statuses = tally(
      await repeat(
        NEW_CLIENTS,
        async () => {
          await sleep(PAUSE_MS);
          return await upgradeStatus(context, directus.session("mallory"));
        },
        1,
      ),
    );
    assertEquals(statuses, { 101: NEW_CLIENTS });
    assertEquals(await closeCode(loggedOut), "4401");
  } finally {
    isOver = true;
    await attack;
  }
  return `${questions} questions fail: ${NEW_CLIENTS} of ${NEW_CLIENTS} new clients connect, ` +
    "and a session that is over is closed";
}

/** The attack by questions that always fail. */
export const failures: readonly Attack[] = [{
  name: "failing-questions",
  env: { LIVE_REVALIDATE_INTERVAL_MS: "1000", LIVE_MAX_MESSAGES_PER_SECOND: "1000" },
  run: failingQuestions,
}];
