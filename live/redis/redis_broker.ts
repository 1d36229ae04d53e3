/**
 * The broker of several instances: topics' logs in Redis.
 *
 * @module
 */

import { ReplicatedBroker } from "../history/replicated_broker.ts";
import { sweepIntervalMs } from "../history/sweep_interval.ts";
import { RedisTopicStore, type RedisTopicStoreOptions } from "./redis_topic_store.ts";
import { unusedTtlMs } from "./store.ts";

/** What the broker needs, and the bounds of the history: in Redis, and again in this process. */
export type RedisBrokerOptions = RedisTopicStoreOptions;

/** Keeps topics' logs in Redis, and a replica of each open topic in this process. */
export class RedisBroker extends ReplicatedBroker {
  /** Creates a broker without open topics. Its sweep keeps running until it is stopped. */
  constructor(options: RedisBrokerOptions) {
    super({
      ...options,
      store: new RedisTopicStore(options),
      // Open topics are marked as used several times before they would count as unused.
      sweepIntervalMs: sweepIntervalMs(unusedTtlMs(options)),
    });
  }
}
