/**
 * Tests of what a source of views keeps of Directus's answers.
 *
 * @module
 */

import { assertEquals } from "@std/assert";
import { DirectusViewSource } from "../../live/directus/view_source.ts";
import { silentLogger } from "../../live/domain/logger.ts";
import { silentMetrics } from "../../live/domain/metrics.ts";
import { queryOf, viewerOf } from "../views/setup.ts";

Deno.test("a session whose read is unauthorized is asked about again, and joins no view that it cannot read", async () => {
  let isOver = false;
  const source = new DirectusViewSource({
    client: {
      get() {
        const json = { data: { events: { read: { access: "full", fields: ["*"] } } } };
        const response = isOver
          ? { kind: "denied", status: 401, code: "TOKEN_EXPIRED", reason: "" } as const
          : { kind: "json", json } as const;
        return Promise.resolve({ kind: "completed", response, elapsedMs: 1 });
      },
      foreignAnswer: () => Promise.resolve(undefined),
    },
    topics: new Map(),
    isShared: true,
    ttlMs: 60_000,
    metrics: silentMetrics,
    logger: silentLogger,
  });
  const ada = viewerOf("ada");

  const before = await source.classify(ada, queryOf());
  isOver = true;
  const cached = await source.classify(ada, queryOf());
  const read = await source.read(ada, queryOf());
  const after = await source.classify(ada, queryOf());

  assertEquals([before.kind, cached.kind], ["class", "class"]);
  assertEquals([read.kind, after.kind], ["unauthorized", "unauthorized"]);
});
