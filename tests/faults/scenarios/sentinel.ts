/**
 * A failover by Sentinel.
 *
 * @module
 */

import { RedisSentinels } from "../../support/redis_sentinel.ts";
import { play, type Scenario } from "../scenario.ts";

/** The master is killed while messages are published, and three Sentinels promote its replica. */
export const sentinelFailover: Scenario = {
  name: "sentinel",
  async run() {
    await using sentinels = await RedisSentinels.start({ sentinels: 3 });
    return await play("Sentinel promotes a replica", {
      redisUrl: sentinels.url,
      isCopied: true,
    }, [
      {
        what: "the master is killed",
        act: () => sentinels.failOver(),
        afterMs: 4_000,
        breaks: true,
      },
      {
        what: "it comes back, as a replica",
        act: () => sentinels.servers[0].restart(),
        afterMs: 4_000,
      },
    ]);
  },
};
