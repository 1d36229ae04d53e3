/**
 * Runs the hub through long sequences of what can happen to it, against a model.
 *
 * @module
 */

import { assertGreater } from "@std/assert";
import { Model } from "./model.ts";

const STEPS = 2_000;

for (
  const [seed, historySize] of [
    [1, 0],
    [2, 0],
    [3, 1],
    [4, 1],
    [5, 20],
    [6, 20],
    [7, 1_000],
    [8, 1_000],
  ] as const
) {
  Deno.test(`Hub gives all what they asked for, once and in order (seed ${seed}, history ${historySize})`, async () => {
    await using model = new Model(seed, historySize);
    for (let i = 0; i < STEPS; i++) await model.step();
    await model.finish();
    const { received, recovered, snapshots, tooSlow } = model.seen;
    for (const count of [received, recovered, snapshots, tooSlow]) assertGreater(count, 0);
  });
}
