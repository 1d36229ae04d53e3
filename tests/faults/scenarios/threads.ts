/**
 * Threads of one instance that end while other threads continue.
 *
 * @module
 */

import { play, type Scenario } from "../scenario.ts";

/** A thread is killed and replaced, and then the other thread is. There is no Redis. */
export const threadKilled: Scenario = {
  name: "thread",
  run: () =>
    play("a thread is killed, twice", {
      instances: 1,
      env: { LIVE_THREADS: "2" },
      preloads: ["tests/faults/mortal_threads.ts"],
    }, [
      {
        what: "a thread is killed",
        act: (world) => world.killThread(),
        afterMs: 3_000,
        breaks: true,
      },
      {
        what: "the other thread is killed",
        act: (world) => world.killThread(),
        afterMs: 4_000,
        breaks: true,
      },
    ], ({ ledger }) => {
      if (ledger.restarts > 0) ledger.fault(`${ledger.restarts} subscriptions started over`);
    }),
};
