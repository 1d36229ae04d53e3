/**
 * Tests of the host of one thread, in the main thread.
 *
 * @module
 */

import { assertEquals } from "@std/assert";
import { DEFAULTS } from "../../live/config/defaults.ts";
import { silentMetrics } from "../../live/domain/metrics.ts";
import { silentRefusals } from "../../live/domain/refusal_log.ts";
import { MemoryBroker } from "../../live/history/memory_broker.ts";
import type { Channel } from "../../live/threads/channel.ts";
import { JoinedMetrics } from "../../live/threads/joined_metrics.ts";
import { PlaceBook } from "../../live/threads/place_book.ts";
import type { ThreadCalls } from "../../live/threads/protocol.ts";
import { ThreadHost } from "../../live/threads/thread_host.ts";
import { TopicHost } from "../../live/threads/topic_host.ts";
import type { Views } from "../../live/views/views.ts";
import { userOf } from "../support/authorities.ts";

Deno.test("a view that a session loses while opening it is left at once", async () => {
  let left = 0;
  const told: unknown[] = [];
  const open: Views["open"] = (_viewer, _query, onLost) => {
    onLost("changed");
    return Promise.resolve({ kind: "opened", topic: "view:x", leave: () => left++ });
  };
  const broker = new MemoryBroker({ ...DEFAULTS, metrics: silentMetrics });
  const host = new ThreadHost(
    {
      authority: undefined,
      views: { open } as unknown as Views,
      topics: new TopicHost({ broker, onTopics() {} }),
      places: new PlaceBook(DEFAULTS),
      metrics: new JoinedMetrics(silentMetrics),
      refusals: silentRefusals,
      writeLine() {},
    },
    () => ({ tell: (...call: unknown[]) => told.push(call) }) as unknown as Channel<ThreadCalls>,
    { strained() {}, listenerFailed() {} },
  );
  const query = { collection: "events", fields: ["*"], limit: 1 };

  await host.handlers.openView(7, ["cookie", "session=ada"], userOf("ada"), query);

  assertEquals(told, [["viewLost", 7, "changed"]]);
  assertEquals(left, 1); // the thread knows that the view is lost, so it will not leave it
  await broker.stop();
});
