/**
 * Faults of one Redis and two instances.
 *
 * @module
 */

import { RedisServer } from "../../support/redis_server.ts";
import { play, type Scenario } from "../scenario.ts";

const CLIENTS = 200;

/** How long nothing breaks between two faults, and how long each lasts, in milliseconds. */
const QUIET_MS = 8_000;
const OUTAGE_MS = 2_000;

/**
 * Redis is killed and comes back with its data; an instance is killed and comes back; Redis is killed and comes
 * back empty.
 */
export const outages: Scenario = {
  name: "outages",
  async run() {
    await using redis = await RedisServer.start({ durable: true });
    const step = (
      what: string,
      act: Parameters<typeof play>[2][number]["act"],
      breaks = false,
    ) => ({
      ...{ what, act, breaks, afterMs: breaks ? QUIET_MS : OUTAGE_MS },
    });
    return await play("Redis and an instance are killed", {
      redisUrl: redis.url,
      clients: CLIENTS,
    }, [
      step("redis is killed", () => redis.kill(), true),
      step("redis comes back with its data", () => redis.restart()),
      step("instance 2 is killed", (world) => world.killInstance(1), true),
      step("instance 2 comes back", (world) => world.startInstance(1)),
      step("redis is killed", () => redis.kill(), true),
      step("redis comes back empty", () => redis.restart({ empty: true })),
    ], ({ ledger, views }) => {
      // A log must begin a new life only when Redis comes back empty. Then clients start over.
      if (ledger.maxEpochs !== 2) ledger.fault(`a topic had ${ledger.maxEpochs} epochs, not 2`);
      if (ledger.restarts !== views.length) {
        ledger.fault(`${views.length} subscriptions started over ${ledger.restarts} times`);
      }
    });
  },
};
