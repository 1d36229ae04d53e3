/**
 * How topics and views become values that components show.
 *
 * @module
 */

import type { Message } from "../types.ts";
import type { Follow } from "./entry.ts";
import type { MessageHandlers, Progress, TopicState, ViewState } from "./types.ts";

/** A topic of which nothing has arrived. */
export const LOADING_TOPIC: TopicState = { status: "loading", items: new Map(), last: undefined };

/** A view of which nothing has arrived. */
export const LOADING_VIEW: ViewState = { status: "loading", rows: undefined };

/** Something that has not started. */
export const LOADING: Progress = { status: "loading" };

/** Something that has started. */
const LIVE: Progress = { status: "live" };

/** Collects a topic's messages. Those that arrive together make one new state. */
export function followTopic(topic: string): Follow<TopicState> {
  return (live, update, former) => {
    const items = new Map<string, unknown>();
    let state = former;
    let last: Message | undefined;
    let isStale = false;
    const set = (next: TopicState) => update(state = next);
    const change = () => {
      if (isStale) return;
      isStale = true;
      queueMicrotask(() => {
        isStale = false;
        if (state.status !== "ended") set({ status: "live", items: new Map(items), last });
      });
    };
    if (former.status === "ended") set({ ...former, status: "loading", error: undefined });
    const subscription = live.subscribe(topic, {
      onStart: ({ recovered }) => {
        if (!recovered) items.clear();
        change();
      },
      onMessage: (message) => {
        if (message.key !== undefined) items.delete(message.key); // the newest comes last
        if (message.key !== undefined && !message.removed) items.set(message.key, message.data);
        last = message;
        change();
      },
      onError: (error) => set({ status: "ended", items: new Map(items), last, error }),
    });
    return () => subscription.unsubscribe();
  };
}

/** Collects a view's rows. */
export function followView(collection: string, query: object): Follow<ViewState> {
  return (live, update, former) => {
    let state = former;
    const set = (next: ViewState) => update(state = next);
    if (former.status === "ended") set({ ...former, status: "loading", error: undefined });
    const view = live.view(collection, query, {
      onChange: (rows) => set({ status: "live", rows }),
      onError: (error) => set({ ...state, status: "ended", error }),
    });
    return () => view.unsubscribe();
  };
}

/** Hands over a topic's messages, while there are handlers. */
export function followMessages(
  topic: string,
  handlers: () => MessageHandlers | undefined,
): Follow<Progress> {
  return (live, update) => {
    const subscription = live.subscribe(topic, {
      onStart: (start) => {
        update(LIVE);
        handlers()?.onStart?.(start);
      },
      onMessage: (message) => handlers()?.onMessage?.(message),
      onError: (error) => {
        update({ status: "ended", error });
        handlers()?.onError?.(error);
      },
    });
    return () => subscription.unsubscribe();
  };
}
