/**
 * Views with a real Directus, two instances on one Redis, and everything that can go wrong between them.
 *
 * @module
 */

import { Random } from "../support/random.ts";
import { RedisServer, redisTest } from "../support/redis_server.ts";
import { createFlow, FLOW_SETTINGS, recipe } from "./flow_setup.ts";
import { FlowCalls } from "./property/flow_calls.ts";
import { REFRESH_MS, REVALIDATE_MS, Run } from "./property/run.ts";
import { RealWorld } from "./property/world.ts";
import { RealDirectus } from "./real_directus.ts";
import { serve } from "./server_setup.ts";
import { RULES_TOKEN } from "./view_world_setup.ts";

/** Changes in all, and after how many things become quiet, Directus hangs, and it restarts. */
const CHANGES = 1_000;
const QUIET_EVERY = 200;
const STALL_EVERY = 150;
const RESTART_EVERY = 400;

/** Calls that one instance has in flight: the changes themselves need Directus too. */
const CONCURRENCY = 4;

/** How long answers of Directus serve again, in milliseconds. */
const CACHED_MS = 1_000;

/** Registers the test. */
export function property(): void {
  redisTest(
    "views show each client what REST shows to it, through 1,000 changes with random faults",
    async () => {
      const seed = Number(Deno.env.get("SEED") ?? Date.now() % 1_000_000);
      // deno-lint-ignore no-console -- the seed is needed to repeat a failed run
      console.log(`SEED=${seed}`);
      await using redis = await RedisServer.start();
      await using directus = await RealDirectus.start("property", FLOW_SETTINGS);
      const random = new Random(seed);
      const world = await RealWorld.create(directus, random);
      const settings = {
        REDIS_URL: redis.url,
        DIRECTUS_CACHE_TTL_MS: String(CACHED_MS),
        DIRECTUS_MAX_CONCURRENCY: String(CONCURRENCY),
        LIVE_HISTORY_SIZE: "20", // some clients come back too late
        LIVE_REVALIDATE_INTERVAL_MS: String(REVALIDATE_MS),
        LIVE_VIEW_REFRESH_MS: String(REFRESH_MS),
      };
      await using first = await serve(directus, { ...settings, DIRECTUS_TOKEN: RULES_TOKEN });
      await using second = await serve(directus, {
        ...settings,
        ...(seed % 2 === 0 ? { DIRECTUS_TOKEN: RULES_TOKEN } : {}),
      });
      const instances = [first, second];
      await using flows = new FlowCalls(instances, random);
      await using _items = await createFlow(directus, flows, {
        ...recipe("What changed in a collection"),
        collections: ["events", "authors", "comments"],
      });
      await using _rights = await createFlow(directus, flows, recipe("Users and rights"));

      const run = new Run({ directus, world, flows, instances, random });
      await run.start();
      try {
        for (let change = 1; change <= CHANGES; change++) {
          await run.step();
          if (change % STALL_EVERY === 0) await run.stall();
          if (change % RESTART_EVERY === 0) await run.restart();
          if (change % QUIET_EVERY === 0) await run.settle();
        }
      } catch (error) {
        throw new Error(`Failed with SEED=${seed}: ${JSON.stringify(run.counts)}`, {
          cause: error,
        });
      } finally {
        run.stop();
      }
      // deno-lint-ignore no-console -- how much has happened is the weight of the proof
      console.log(JSON.stringify({ ...run.counts, ...flows.counts }));
    },
  );
}
