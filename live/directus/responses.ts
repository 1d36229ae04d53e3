/**
 * What Directus's responses mean.
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
import { DEFAULT_RETRY_AFTER_MS, type JsonResponse } from "./get_json.ts";

const optionalText = z.string().nullable().catch(null);

/**
 * `/users/me` of a valid session. A user without read access to `directus_users` gets only the id,
 * so every other field may be missing. The session of a share has no id and belongs to no user.
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

/** `/items/<collection>/<id>`: one item. For some ids Directus returns a list instead. */
const item = z.object({ data: record });

/** `/items/<collection>`: a list of items. */
const list = z.object({ data: z.array(record) });

/**
 * Reads the response of `/users/me`.
 *
 * A response without a user's id is a denial. If the response must be fresh, only 401 and 403 are:
 * a fresh denial ends connected sessions, and a proxy's maintenance page must not log everybody out.
 */
export function readUser(response: JsonResponse, fresh: boolean): Authentication {
  if (response.kind === "failed") return unavailable(response);
  const parsed = response.kind === "json" ? me.safeParse(response.json).data : undefined;
  if (parsed !== undefined) return { kind: "authenticated", user: parsed.data };
  return fresh && response.kind !== "denied" ? unavailable(NO_USER) : { kind: "unauthorized" };
}

/**
 * Reads the response of `/items/<collection>/<id>`.
 *
 * Allows the topic only if Directus returned exactly the requested id: it reads `01`, `+1` and `1e0`
 * as item 1, and one item must not have several topics.
 */
export function readItem(response: JsonResponse, id: string, primaryKey: string): Authorisation {
  switch (response.kind) {
    case "failed":
      return unavailable(response);
    case "not-json":
      return unavailable(NOT_JSON);
    case "denied":
      return { kind: response.status === 401 ? "unauthorized" : "forbidden" };
    case "json": {
      const isSame = keyOf(item.safeParse(response.json).data?.data, primaryKey) === id;
      return { kind: isSame ? "allowed" : "forbidden" };
    }
  }
}

/**
 * Reads the response of `/items/<collection>` with a filter on ids.
 *
 * @returns The ids of the items that Directus returned. These are allowed; the others are undecided.
 * If the session is over or Directus fails, which concerns every id alike, that answer.
 */
export function readList(
  response: JsonResponse,
  primaryKey: string,
): Set<string> | Unauthorized | Unavailable {
  if (response.kind === "not-json") return unavailable(NOT_JSON);
  if (response.kind === "failed" && response.cause !== "other") return unavailable(response);
  if (response.kind === "denied" && response.status === 401) return { kind: "unauthorized" };
  const items = response.kind === "json" ? list.safeParse(response.json).data?.data ?? [] : [];
  return new Set(items.map((item) => keyOf(item, primaryKey)).filter((key) => key !== undefined));
}

const NOT_JSON = { reason: "response is not JSON", retryAfterMs: DEFAULT_RETRY_AFTER_MS };
const NO_USER = { reason: "response names no user", retryAfterMs: DEFAULT_RETRY_AFTER_MS };

function keyOf(item: z.output<typeof record> | undefined, primaryKey: string): string | undefined {
  const key = item?.[primaryKey];
  return typeof key === "string" || typeof key === "number" ? String(key) : undefined;
}

function unavailable({ reason, retryAfterMs }: Omit<Unavailable, "kind">): Unavailable {
  return { kind: "unavailable", reason, retryAfterMs };
}
