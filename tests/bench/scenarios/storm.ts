/**
 * Many clients: how long a broadcast blocks the event loop, and a restart after which all reconnect.
 *
 * @module
 */

import { Directus } from "../directus.ts";
import type { DirectusReport } from "../directus_process.ts";
import { print, spread, table } from "../figures.ts";
import { memoryKib } from "../../support/proc.ts";
import { LoadGenerator } from "../load_generator.ts";
import { startLive } from "../servers.ts";
import { isInstalled } from "../../support/program.ts";
import { RedisServer } from "../../support/redis_server.ts";
import { join } from "./fan_out.ts";
import type { Scenario } from "./scenario.ts";
import { publishBatch } from "./publish_batch.ts";

const CROWD = 10_000;
const SESSIONS = 500;
const MISSED = 100;

/** The longest time that a broadcast blocks the event loop. */
export const stall: Scenario = {
  title: `Event loop during a broadcast to ${CROWD.toLocaleString("en")}`,
  async run(rounds) {
    const longest: number[] = [];
    for (let round = 0; round < rounds; round++) {
      print(`stall, round ${round + 1}`);
      await using server = await startLive();
      await using load = new LoadGenerator();
      await join(load, server, CROWD);
      const { pid, publishing } = server;
      await load.one({ publishing, pid, seconds: 2 });
      await server.ask("watch");
      await load.one({ publishing, pid, seconds: 4 });
      longest.push(Number(await server.ask("report")));
    }
    return { text: table(["", "ms"], [["longest time that it was blocked", spread(longest)]]) };
  },
};

/** A restart: all clients reconnect with `since` as fast as they can. */
export const storm: Scenario = {
  title: `${CROWD.toLocaleString("en")} clients of ${SESSIONS} sessions reconnect after a restart`,
  async run(rounds) {
    const columns: number[][] = [[], [], [], []];
    const withRedis = isInstalled("redis-server");
    for (let round = 0; round < rounds; round++) {
      print(`storm, round ${round + 1}`);
      for (const [index, figure] of (await measure(withRedis)).entries()) {
        columns[index]?.push(figure);
      }
    }
    const [seconds = [], stalls = [], calls = [], peaks = []] = columns;
    const rows = [
      ["seconds until all are subscribed again", spread(seconds)],
      ["longest time that the event loop was blocked, ms", spread(stalls)],
      ["calls to Directus", spread(calls)],
      ["peak of the memory, MiB", spread(peaks)],
    ];
    const how = withRedis
      ? `The history is in Redis: all recover the ${MISSED} messages that they missed.`
      : "SKIPPED: Redis. The history ended with the old process: all clients get the snapshot.";
    return { text: `${how}\n\n${table(["", ""], rows)}` };
  },
};

/** All calls to Directus. */
function total({ users, items }: DirectusReport): number {
  return users + items;
}

async function measure(withRedis: boolean): Promise<number[]> {
  await using stack = new AsyncDisposableStack();
  const redis = withRedis ? stack.use(await RedisServer.start()) : undefined;
  const directus = stack.use(await Directus.start(SESSIONS));
  const env = {
    ...(redis === undefined ? {} : { REDIS_URL: redis.url }),
    DIRECTUS_CACHE_TTL_MS: "5000",
  };
  const load = stack.use(new LoadGenerator());
  const former = stack.use(await startLive({ env, directus }));
  await join(load, former, CROWD);
  const { epoch } = await publishBatch(former, MISSED);
  await load.close();
  await former.stop();

  const server = stack.use(await startLive({ env, directus }));
  const before = total(await directus.report());
  await server.ask("watch");
  const { seconds, failed } = await load.connect({
    port: server.port,
    cookies: directus.cookies,
    count: CROWD,
    hello: `{"type":"subscribe","topic":"events:0","since":{"epoch":"${epoch}","offset":0}}`,
    answer: withRedis ? '"recovered":true' : '"subscribed"',
    atOnce: CROWD / 4,
  });
  if (failed > 0) throw new Error(`${failed} of ${CROWD} did not reconnect`);
  const longest = Number(await server.ask("report"));
  const calls = total(await directus.report()) - before;
  return [seconds, longest, calls, memoryKib(server.pid).peak / 1024];
}
