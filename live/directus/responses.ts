/**
 * Reading Directus's responses.
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
import { DEFAULT_RETRY_AFTER_MS, type JsonResponse } from "./json_request.ts";

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

/** `/users/me` of a share's session. */
const share = z.object({ data: z.object({ share: z.string() }) });

const record = z.record(z.string(), z.unknown());

/** `/items/<collection>/<id>`: one item. For some ids Directus returns a list instead. */
const item = z.object({ data: record });

/** `/items/<collection>`: a list of items. */
const list = z.object({ data: z.array(record) });

/**
 * Reads the response of `/users/me`.
 *
 * Only Directus's own 401 and 403 are denials, and the session of a share, which has no user: a proxy's
 * maintenance page must not log everybody out.
 */
export function readUser(response: JsonResponse): Authentication {
  switch (response.kind) {
    case "failed":
    case "rejected":
      return unavailable(response);
    case "denied":
      return { kind: "unauthorized" };
    case "json": {
      const parsed = me.safeParse(response.json).data;
      if (parsed !== undefined) return { kind: "authenticated", user: parsed.data };
      return share.safeParse(response.json).success ? { kind: "unauthorized" } : NO_USER;
    }
  }
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
    case "rejected":
      return unavailable(response);
    case "denied":
      return { kind: response.status === 401 ? "unauthorized" : "forbidden" };
    case "json": {
      const { data } = item.safeParse(response.json);
      if (data === undefined && !list.safeParse(response.json).success) return NO_ITEM;
      return { kind: keyOf(data?.data, primaryKey) === id ? "allowed" : "forbidden" };
    }
  }
}

/**
 * Reads the response of `/items/<collection>` with a filter on ids.
 *
 * @returns The ids of the items that Directus returned: they are allowed, and the others are undecided. If
 * the session is over or Directus failed, the one answer for all ids.
 */
export function readList(
  response: JsonResponse,
  primaryKey: string,
): Set<string> | Unauthorized | Unavailable {
  if (response.kind === "failed" && response.cause !== "other") return unavailable(response);
  if (response.kind === "denied" && response.status === 401) return { kind: "unauthorized" };
  const items = response.kind === "json" ? list.safeParse(response.json).data?.data ?? [] : [];
  return new Set(items.map((item) => keyOf(item, primaryKey)).filter((key) => key !== undefined));
}

const NO_USER: Unavailable = {
  kind: "unavailable",
  reason: "response names no user",
  retryAfterMs: DEFAULT_RETRY_AFTER_MS,
};

const NO_ITEM: Unavailable = { ...NO_USER, reason: "response holds no item" };

function keyOf(item: z.output<typeof record> | undefined, primaryKey: string): string | undefined {
  const key = item?.[primaryKey];
  return typeof key === "string" || typeof key === "number" ? String(key) : undefined;
}

/**
 * Returns the answer for a response that does not decide the question. A rejected request names no time to
 * retry after.
 */
function unavailable(
  { reason, retryAfterMs = DEFAULT_RETRY_AFTER_MS }: {
    readonly reason: string;
    readonly retryAfterMs?: number;
  },
): Unavailable {
  return { kind: "unavailable", reason, retryAfterMs };
}
