/**
 * Views of a client on fake sockets.
 *
 * @module
 */

import type { View, ViewOptions } from "../../live/client/mod.ts";
import type { Setup } from "./setup.ts";

/** A row of the views. */
export interface Row {
  readonly id: number;
  readonly title: string;
}

/** Name of the views' topic on the wire, unless a test chooses another. */
export const TOPIC = "view:b2f0";

/** A view, and what its handlers were called with. */
export interface FollowedView {
  /** The ids of each list. */
  readonly lists: number[][];
  /** Errors and the end, as short words. */
  readonly notes: string[];
  readonly view: View<Row>;
}

/** Follows a view of `events`. */
export function followView(
  { live }: Pick<Setup, "live">,
  query: object = {},
  more: ViewOptions<Row> = {},
): FollowedView {
  const lists: number[][] = [];
  const notes: string[] = [];
  const view = live.view<Row>("events", query, {
    onChange: (rows) => lists.push(rows.map(({ id }) => id)),
    onError: ({ code }) => notes.push(`error ${code}`),
    onEnd: () => notes.push("end"),
    ...more,
  });
  return { lists, notes, view };
}

/** Returns a message with a row. */
export function row(offset: number, id: number, rank: string, more: object = {}): object {
  const data = { id, title: `event ${id}` };
  return { type: "message", topic: TOPIC, offset, key: String(id), rank, data, ...more };
}

/** Returns a message that removes a row. */
export function rowRemoval(offset: number, id: number): object {
  return { type: "message", topic: TOPIC, offset, key: String(id), removed: true };
}

/** Answers the last request with the start of a view. */
export function startView(
  { socket }: Pick<Setup, "socket">,
  messages: readonly object[],
  more: object = {},
): void {
  const offset = messages.length;
  socket.answer({
    type: "subscribed",
    topic: TOPIC,
    epoch: "e",
    offset,
    recovered: false,
    messages,
    ...more,
  });
}
