/**
 * The rows in Directus that setup made.
 *
 * @module
 */

import { z } from "zod";
import {
  type Collection,
  type Fields,
  ITEMS_FLOW,
  POLICY,
  RIGHTS_FLOW,
  USER,
} from "./blueprint.ts";
import type { ApiAnswer, DirectusApi } from "./directus_api.ts";
import type { State } from "./plan.ts";

const FLOWS = [ITEMS_FLOW, RIGHTS_FLOW];

/** Filters for the rows of each collection that can be pieces of the blueprint. */
const FILTERS: Readonly<Record<Collection, unknown>> = {
  flows: { id: { _in: FLOWS } },
  operations: { flow: { _in: FLOWS } },
  policies: { id: { _eq: POLICY } },
  permissions: { policy: { _eq: POLICY } },
  users: { id: { _eq: USER } },
  access: { user: { _eq: USER } },
};

const rows = z.array(z.record(z.string(), z.unknown()));

/**
 * Reads the rows that setup made, if any.
 *
 * @throws {RefusedError} If Directus refuses.
 */
export async function readState(api: DirectusApi): Promise<State> {
  const entries = await Promise.all(
    Object.entries(FILTERS).map(async ([collection, filter]) =>
      [collection, await list(api, `/${collection}`, filter)] as const
    ),
  );
  return Object.fromEntries(entries) as Record<Collection, Fields[]>;
}

/**
 * Returns the names of the collections that Directus has.
 *
 * @throws {RefusedError} If Directus refuses.
 */
export async function collectionNames(api: DirectusApi): Promise<string[]> {
  return (await list(api, "/collections")).map((row) => String(row["collection"]));
}

/** Directus does not let setup do its work. The message says why. */
export class RefusedError extends Error {
  override readonly name = "RefusedError";
}

/** Returns the error for a call that Directus refused. */
export function refusalOf(method: string, path: string, answer: ApiAnswer): RefusedError {
  const { reason, code } = answer;
  return new RefusedError(`Directus refuses ${method} ${path}: ${reason}${code && ` (${code})`}`);
}

async function list(api: DirectusApi, path: string, filter?: unknown): Promise<Fields[]> {
  const query = filter === undefined
    ? ""
    : `?fields=*&limit=-1&filter=${encodeURIComponent(JSON.stringify(filter))}`;
  const answer = await api("GET", path + query);
  const parsed = rows.safeParse(answer.data);
  if (!answer.ok || !parsed.success) throw refusalOf("GET", path, answer);
  return parsed.data;
}
