/**
 * Changes entries and reports each change, as a Flow of Directus does.
 *
 * @module
 */

import { COLLECTION, type Entries } from "./entries.ts";
import { OpsCalls, type OpsCallsOptions } from "./ops_calls.ts";

/** Options of `startFlow()`; its calls go to the route for Flows. */
export interface FlowOptions extends OpsCallsOptions {
  /** What changes. */
  entries: Entries;
  /**
   * Time between two changes, in milliseconds.
   *
   * @default {600}
   */
  intervalMs?: number;
}

/** A running Flow. */
export interface Flow {
  /** Ends it. Resolves when no call is in flight. */
  stop(): Promise<void>;
}

/** Starts to change entries. While a call is in flight nothing changes. */
export function startFlow(options: FlowOptions): Flow {
  const { entries, intervalMs = 600 } = options;
  const calls = new OpsCalls(options);
  const timer = setInterval(() => {
    if (calls.isBusy) return;
    const { key, payload } = entries.change();
    calls.start({
      event: `${COLLECTION}.items.update`,
      collection: COLLECTION,
      keys: [String(key)],
      payload,
    });
  }, intervalMs);
  return {
    async stop() {
      clearInterval(timer);
      await calls.stop();
    },
  };
}
