/**
 * Which instance reads the ingest stream.
 *
 * @module
 */

import type { RedisClient } from "./client.ts";
import { scriptOf } from "./script.ts";
import { hashTagOf } from "./partition.ts";

/** How long a lease lasts unless its holder renews it, in milliseconds. */
const LEASE_MS = 5_000;

/** How often to try to get the lease, or how soon to renew it, in milliseconds. */
export const LEASE_RETRY_MS = LEASE_MS / 3;

/** Takes the lease if no other instance holds it, or renews it. */
const HOLD = scriptOf(`
local holder = redis.call('GET', KEYS[1])
if holder and holder ~= ARGV[1] then return 0 end
redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
return 1
`);

/** Ends the lease if this instance holds it. */
const RELEASE = scriptOf(`
if redis.call('GET', KEYS[1]) == ARGV[1] then redis.call('DEL', KEYS[1]) end
`);

/** A lease on a stream. At most one instance holds it at a time. */
export class IngestLease {
  readonly #key: string;
  readonly #holder: string;

  /** Creates the lease of an instance, without taking it. */
  constructor(stream: string, holder: string) {
    this.#key = `${ingestPrefix(stream)}leader`;
    this.#holder = holder;
  }

  /** Takes or renews the lease; resolves to whether this instance holds it now. */
  async hold(client: RedisClient): Promise<boolean> {
    return await client.script(HOLD, [this.#key], [this.#holder, `${LEASE_MS}`]) === 1;
  }

  /** Ends the lease, so that another instance does not have to wait for it to run out. */
  async release(client: RedisClient): Promise<void> {
    await client.script(RELEASE, [this.#key], [this.#holder]);
  }
}

/**
 * Returns the prefix of the keys that belong to a stream. It keeps them on the server that holds the
 * stream.
 */
export function ingestPrefix(stream: string): string {
  return `live:ingest:{${hashTagOf(stream)}}:${stream}:`;
}
