/**
 * Finding the servers that `REDIS_URL` leads to.
 *
 * @module
 */

import type { RedisAddress } from "../domain/redis_address.ts";
import { findOwners } from "../redis/cluster_slots.ts";
import { Sentinels } from "../redis/sentinels.ts";

/** Servers that accept writes. */
export interface RedisServers {
  /** URLs with logins, by host and port; the name is empty if `REDIS_URL` names the server itself. */
  readonly urls: ReadonlyMap<string, string>;
  /** Slots of a cluster that no server holds. */
  readonly unheld: number;
}

/**
 * Asks Sentinels or nodes of a cluster for the masters.
 *
 * @throws {Error} If none of them answers.
 */
export async function findServers(address: RedisAddress): Promise<RedisServers> {
  if (address.kind === "single") return { urls: new Map([["", address.url]]), unheld: 0 };
  if (address.kind === "sentinel") {
    const url = await new Sentinels(address).locate();
    return { urls: new Map([[`master ${new URL(url).host}`, url]]), unheld: 0 };
  }
  const { signal } = new AbortController();
  const owners = await findOwners(address, [], address.seeds, signal);
  const masters = new Set(owners.filter((owner) => owner !== undefined));
  return {
    urls: new Map([...masters].map((master) => [master, address.urlOf(master)])),
    unheld: owners.filter((owner) => owner === undefined).length,
  };
}
