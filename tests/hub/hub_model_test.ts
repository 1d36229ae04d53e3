/**
 * Runs the hub through long random sequences of what can happen to it. Whatever happens, a client
 * that applies its messages in order ends with the log's state, and misses nothing silently.
 *
 * @module
 */

import { assertEquals, assertGreater } from "@std/assert";
import { Model } from "./model_setup.ts";

const STEPS = 1_000;

for (
  const [seed, historySize, options] of [
    [1, 0, {}],
    [2, 1, {}],
    [3, 20, {}],
    [4, 1_000, { flushIntervalMs: 50 }],
    [5, 20, { maxBytes: 500_000 }],
    [6, 0, { store: true }],
    [7, 20, { store: true }],
    [8, 1_000, { store: true }],
  ] as const
) {
  const name = `seed ${seed}, history ${historySize}, ${JSON.stringify(options)}`;
  Deno.test(`Hub brings each client to the log's state, and skips nothing silently (${name})`, async () => {
    await using model = new Model(seed, historySize, options);
    for (let count = 0; count < STEPS; count++) {
      try {
        await model.step();
      } catch (error) {
        throw new Error(`Failed at step ${count} of ${name}`, { cause: error });
      }
    }
    await model.finish();
    const { restarts: _restarts, ...often } = model.seen;
    for (const [what, count] of Object.entries(often)) assertGreater(count, 0, what);
    assertEquals(model.finalBytes(), 0);
  });
}
