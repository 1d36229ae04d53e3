/**
 * Choosing the kind of link.
 *
 * @module
 */

import { parseRedisAddress } from "../domain/redis_address.ts";
import { ClusterLink } from "./cluster_link.ts";
import type { Link, LinkOptions } from "./link.ts";
import { RedisLink } from "./redis_link.ts";
import { Sentinels } from "./sentinels.ts";

/**
 * Creates a link to the Redis of a URL. It connects once it is started.
 *
 * @throws {TypeError} If the URL is not a Redis URL. The message does not contain it, because it may hold
 * a password.
 */
export function createLink(url: string, options: LinkOptions): Link {
  const address = parseRedisAddress(url);
  switch (address?.kind) {
    case "single":
      return new RedisLink({ ...options, url: address.url });
    case "sentinel":
      return new RedisLink({ ...options, url: new Sentinels(address) });
    case "cluster":
      return new ClusterLink({ ...options, address });
    default:
      throw new TypeError("Cannot connect to Redis as its URL is malformed");
  }
}
