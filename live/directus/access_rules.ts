/**
 * Reading the access rules of Directus, with a token that may read them.
 *
 * @module
 */

import { z } from "zod";
import { Rules, rulesData } from "../access/rules.ts";
import type { Credential } from "../domain/credential.ts";
import type { Logger } from "../domain/logger.ts";
import type { DirectusClient } from "./directus_client.ts";

/** What reading rules needs. */
export interface AccessRulesOptions {
  /** Calls Directus. */
  readonly client: DirectusClient;
  /** The token; without a token no rules are known. */
  readonly token: Credential | undefined;
  /** How long rules are used before they are read again, in milliseconds. */
  readonly ttlMs: number;
  /** Logs why rules cannot be read. */
  readonly logger: Logger;
  /** Monotonic clock, in milliseconds. */
  readonly now: () => number;
}

/** The path of each part of the rules, without a limit of rows. */
const PATHS = {
  permissions: "/permissions?fields=policy,collection,permissions,fields&filter[action][_eq]=read",
  policies: "/policies?fields=id,ip_access,admin_access,app_access",
  access: "/access?fields=role,user,policy",
  roles: "/roles?fields=id,parent",
  relations: "/relations?",
} as const satisfies Record<keyof z.output<typeof rulesData>, string>;

/** The largest part that is read, in bytes. */
const MAX_BYTES = 8_388_608;

const part = z.object({ data: z.array(z.unknown()) });

/** Keeps the rules for a while. Concurrent callers share one reading. */
export class AccessRules {
  readonly #options: AccessRulesOptions;
  #reading: Promise<Rules | undefined> | undefined;
  #readAt = -Infinity;
  /** Whether the latest reading has ended. */
  #isRead = false;
  /** Whether the last reading failed, and was logged. */
  #hasFailed = false;

  /** Creates a reader that has read nothing yet. */
  constructor(options: AccessRulesOptions) {
    this.#options = options;
  }

  /** Resolves to the rules; to `undefined` if there is no token, or they cannot be read. */
  get(): Promise<Rules | undefined> {
    const { token, ttlMs, now } = this.#options;
    if (token === undefined) return Promise.resolve(undefined);
    const isOld = this.#isRead && now() - this.#readAt >= ttlMs;
    if (this.#reading === undefined || isOld) {
      const reading = this.#read(token);
      this.#reading = reading;
      this.#readAt = now();
      this.#isRead = false;
      reading.then(() => {
        if (this.#reading === reading) this.#isRead = true;
      });
    }
    return this.#reading;
  }

  /** Forgets the rules, because they have changed. */
  forget(): void {
    this.#reading = undefined;
  }

  async #read(token: Credential): Promise<Rules | undefined> {
    const names = Object.keys(PATHS) as (keyof typeof PATHS)[];
    const parts = await Promise.all(names.map((name) => this.#readPart(token, name)));
    const fault = parts.find((part) => typeof part === "string");
    const data = fault === undefined
      ? rulesData.safeParse(Object.fromEntries(names.map((name, index) => [name, parts[index]])))
      : undefined;
    this.#log(fault ?? data?.error?.issues[0]?.message);
    return data?.success ? new Rules(data.data) : undefined;
  }

  /** Resolves to the rows of a part, or to why they cannot be read. */
  async #readPart(token: Credential, name: keyof typeof PATHS): Promise<unknown[] | string> {
    const path = `${PATHS[name]}&limit=-1`;
    const call = await this.#options.client.get(path, token, {
      lane: "views",
      maxBytes: MAX_BYTES,
    });
    if (call.kind === "unavailable") return call.reason;
    if (call.response.kind !== "json") return `${name}: ${call.response.reason}`;
    return part.safeParse(call.response.json).data?.data ?? `${name}: not a list`;
  }

  #log(reason: string | undefined): void {
    const { logger } = this.#options;
    if (reason !== undefined && !this.#hasFailed) {
      logger.warn(
        "DIRECTUS_TOKEN cannot read the access rules: only sessions of one user share views",
        {
          reason,
        },
      );
    }
    this.#hasFailed = reason !== undefined;
  }
}
