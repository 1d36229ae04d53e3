/**
 * A broker that also has the logs of views.
 *
 * @module
 */

import {
  type Broker,
  type BrokerEvents,
  BrokerUnavailable,
  type TopicLog,
} from "../domain/broker.ts";
import { VIEW_PREFIX } from "./view_registry.ts";
import type { Views } from "./views.ts";

/** When clients should subscribe again if a view was dropped while it was opened, in milliseconds. */
const RETRY_AFTER_MS = 1_000;

/**
 * Returns a broker that also opens views' logs. Views are local: each instance reads the views of its own
 * subscribers.
 */
export function withViews(broker: Broker, views: Views): Broker {
  const isView = (topic: string) => topic.startsWith(VIEW_PREFIX);
  function openView(topic: string): TopicLog {
    const log = views.logOf(topic);
    if (log === undefined) throw new BrokerUnavailable("the view was dropped", RETRY_AFTER_MS);
    log.release(log.head); // from now on it keeps what its subscribers need
    return log;
  }
  return {
    get trouble() {
      return broker.trouble;
    },
    get partialTrouble() {
      return broker.partialTrouble;
    },
    listen(events: BrokerEvents) {
      views.listen((topic) => events.changed(topic));
      broker.listen(events);
    },
    publish: (publications) => broker.publish(publications),
    open: async (topic) => isView(topic) ? openView(topic) : await broker.open(topic),
    refresh: async (topic) => isView(topic) ? undefined : await broker.refresh(topic),
    close(topic) {
      if (isView(topic)) views.logOf(topic)?.release(Infinity);
      else broker.close(topic);
    },
    async stop() {
      views.stop();
      await broker.stop();
    },
  };
}
