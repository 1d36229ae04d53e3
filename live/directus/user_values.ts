/**
 * Values of users' own fields, which rules refer to as `$CURRENT_USER.<field>`.
 *
 * @module
 */

import { z } from "zod";
import { grants, type UserValues } from "../access/classes.ts";
import { AgedMap } from "../domain/aged_map.ts";
import type { AskOptions, Unavailable } from "../domain/authority.ts";
import type { Credential } from "../domain/credential.ts";
import { USERS_COLLECTION } from "../domain/directus_collections.ts";
import type { DirectusClient } from "./directus_client.ts";

/** What reading values needs. */
export interface UserValuesOptions {
  /** Calls Directus. */
  readonly client: DirectusClient;
  /** The token; without a token no values are known. */
  readonly token: Credential | undefined;
  /** How long values are used before they are read again, in milliseconds. */
  readonly ttlMs: number;
  /** Monotonic clock, in milliseconds. */
  readonly now: () => number;
}

/** Values of a user; `unavailable` if Directus could not be asked. */
type Answer = { readonly kind: "values"; readonly values: UserValues } | Unavailable;

interface Known {
  readonly answer: Promise<Answer>;
  readonly askedAt: number;
}

/** Users whose values are kept; the oldest are dropped. */
const MAX_USERS = 20_000;

/** Questions about one user within this time share one call, in milliseconds. */
const SAME_MOMENT_MS = 1;

const NONE: Answer = { kind: "values", values: new Map() };

const tokenGrants = z.object({ data: grants });
const scalar = z.union([z.string(), z.number(), z.boolean(), z.null()]);
const record = z.object({ data: z.record(z.string(), z.unknown()) });

/** What Directus shows in place of a secret. */
const MASKED = /^\*+$/;

/**
 * Reads the values of user fields that rules refer to, and makes sure that they are the values that
 * Directus uses.
 *
 * A value counts only under three conditions: the token may read this field of all users, the value is
 * single and not masked, and Directus says that it has no cache of data. Such a cache could still hold the
 * user's former value, and Directus would keep applying that value.
 */
export class UserValuesReader {
  readonly #options: UserValuesOptions;
  /** By user and fields. */
  readonly #known = new AgedMap<Known>({ maxEntries: MAX_USERS });

  /** Creates a reader that has asked nothing yet. */
  constructor(options: UserValuesOptions) {
    this.#options = options;
  }

  /** Resolves to the proven values of some fields of a user. The public has none. */
  of(
    user: string | null,
    fields: readonly string[],
    { fresh = false }: AskOptions = {},
  ): Promise<Answer> {
    const { token, ttlMs, now } = this.#options;
    if (token === undefined || user === null || fields.length === 0) return Promise.resolve(NONE);
    const key = [user, ...fields].join(" ");
    const known = this.#known.get(key);
    const askedAt = now();
    const maxAgeMs = fresh ? SAME_MOMENT_MS : ttlMs;
    if (known !== undefined && askedAt - known.askedAt <= maxAgeMs) return known.answer;
    const answer = this.#ask(token, user, fields, fresh);
    this.#known.set(key, { answer, askedAt });
    return answer;
  }

  /** Forgets all values, because some have changed. */
  forget(): void {
    this.#known.clear();
  }

  async #ask(
    token: Credential,
    user: string,
    fields: readonly string[],
    fresh: boolean,
  ): Promise<Answer> {
    const { client } = this.#options;
    const lane = fresh ? "revalidation" : "views";
    const path = `/users/${encodeURIComponent(user)}?fields=${fields.join()}`;
    const [own, values] = await Promise.all([
      client.get("/permissions/me", token, { lane, maxBytes: MAX_BYTES }),
      client.get(path, token, { lane }),
    ]);
    for (const call of [own, values]) {
      if (call.kind === "unavailable") return call;
      if (call.response.kind === "failed") return { ...call.response, kind: "unavailable" };
    }
    if (own.kind !== "completed" || values.kind !== "completed") return NONE;
    const [{ response: rights }, { response }] = [own, values];
    if (rights.kind !== "json" || response.kind !== "json" || !response.isUncached) return NONE;
    const read = tokenGrants.safeParse(rights.json).data?.data[USERS_COLLECTION]?.read;
    if (read?.access !== "full") return NONE;
    const isGranted = (field: string) => read.fields.includes("*") || read.fields.includes(field);
    return {
      kind: "values",
      values: provenIn(response.json, fields.filter(isGranted)),
    };
  }
}

/** The largest answer about the token's rights that is read, in bytes. */
const MAX_BYTES = 8_388_608;

function provenIn(json: unknown, fields: readonly string[]): UserValues {
  const { data } = record.safeParse(json).data ?? { data: {} };
  const proven = new Map<string, z.output<typeof scalar>>();
  for (const field of fields) {
    const { data: value } = scalar.safeParse(data[field]);
    const isMasked = typeof value === "string" && MASKED.test(value);
    if (value !== undefined && !isMasked) proven.set(field, value);
  }
  return proven;
}
