/**
 * What Directus's answers mean.
 *
 * @module
 */

import { z } from "zod";
import type {
  Authentication,
  Authorisation,
  Unauthorized,
  Unavailable,
} from "../domain/authority.ts";
import { RETRY_AFTER_MS } from "./calls.ts";
import type { JsonAnswer } from "./get_json.ts";

const optionalText = z.string().nullable().catch(null);

/**
 * `/users/me` of a valid session. A user who may not read `directus_users` gets the id alone, so
 * all else may be missing or anything; a share's session has no id and is no user.
 */
const me = z.object({
  data: z.object({
    id: z.string().min(1),
    email: optionalText,
    role: optionalText,
    first_name: optionalText,
    last_name: optionalText,
  }),
});

const record = z.record(z.string(), z.unknown());

/** `/items/<collection>/<id>`: one item. Some ids make Directus answer with a list instead. */
const item = z.object({ data: record });

/** `/items/<collection>`: a list of items. */
const list = z.object({ data: z.array(record) });

/** Takes an answer without a user's id for a no, whatever it is: it names nobody. */
export function readUser(answer: JsonAnswer): Authentication {
  if (answer.kind === "failed") return unavailable(answer);
  if (answer.kind !== "json") return { kind: "unauthorized" };
  const parsed = me.safeParse(answer.json);
  return parsed.success
    ? { kind: "authenticated", user: parsed.data.data }
    : { kind: "unauthorized" };
}

/**
 * Takes 401 and 403 alone for a no, as that ends the session of a user who is connected: a page
 * that tells of maintenance must not log everybody out.
 */
export function readUserAgain(answer: JsonAnswer): Authentication {
  const user = readUser(answer);
  return user.kind === "unauthorized" && answer.kind !== "denied" ? unavailable(NO_USER) : user;
}

/**
 * Grants only on the very item asked for: Directus reads `01`, `+1` or `1e0` as item 1, and one
 * item must not have several topics.
 */
export function readItem(answer: JsonAnswer, id: string, primaryKey: string): Authorisation {
  if (answer.kind === "failed") return unavailable(answer);
  if (answer.kind === "not-json") return unavailable(NOT_JSON);
  if (answer.kind === "denied") {
    return { kind: answer.status === 401 ? "unauthorized" : "forbidden" };
  }
  const isSame = keyOf(item.safeParse(answer.json).data?.data, primaryKey) === id;
  return { kind: isSame ? "allowed" : "forbidden" };
}

/**
 * Returns the ids of the items in a list: these are granted, and of others it says nothing. It
 * answers for all only where each of them would get the same: if the session is over, or Directus
 * out of order.
 */
export function readList(
  answer: JsonAnswer,
  primaryKey: string,
): Set<string> | Unauthorized | Unavailable {
  if (answer.kind === "not-json") return unavailable(NOT_JSON);
  if (answer.kind === "failed" && answer.cause !== "other") return unavailable(answer);
  if (answer.kind === "denied" && answer.status === 401) return { kind: "unauthorized" };
  const items = answer.kind === "json" ? list.safeParse(answer.json).data?.data ?? [] : [];
  return new Set(items.map((item) => keyOf(item, primaryKey)).filter((key) => key !== undefined));
}

const NOT_JSON = { reason: "answer is not JSON" };
const NO_USER = { reason: "answer names no user" };

function keyOf(item: z.output<typeof record> | undefined, primaryKey: string): string | undefined {
  const key = item?.[primaryKey];
  return typeof key === "string" || typeof key === "number" ? String(key) : undefined;
}

function unavailable(failure: { reason: string; retryAfterMs?: number }): Unavailable {
  const { reason, retryAfterMs = RETRY_AFTER_MS } = failure;
  return { kind: "unavailable", reason, retryAfterMs };
}
