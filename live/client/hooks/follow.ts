/**
 * How topics and views become values that components show.
 *
 * @module
 */

import type { Message } from "../types.ts";
import type { Follow } from "./entry.ts";
import type { MessageHandlers, Progress, TopicState, ViewState } from "./types.ts";

/** The state of a topic before its first message. */
export const LOADING_TOPIC: TopicState = { status: "loading", items: new Map(), last: undefined };

/** The state of a view before its first rows. */
export const LOADING_VIEW: ViewState = { status: "loading", rows: undefined };

/** The progress before the start. */
export const LOADING: Progress = { status: "loading" };

/** The progress after the start. */
const LIVE: Progress = { status: "live" };

/** Collects a topic's messages. Messages that arrive together make one new state. */
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
        if (message.key !== undefined) items.delete(message.key); // so that the newest key comes last
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

/** Passes a topic's messages to handlers, while there are any. */
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
