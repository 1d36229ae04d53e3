/**
 * What a view needs, and why it may not be read.
 *
 * @module
 */

import type { Unauthorized, Unavailable } from "../domain/authority.ts";
import type { ViewQuery } from "../domain/view_query.ts";
import type { ViewRefused, ViewSource } from "../domain/view_source.ts";
import type { TopicHistory } from "../history/topic_history.ts";
import type { LossReason, ViewMember } from "./view_members.ts";

/** Why a view could not be read. */
export type ReadFailure = ViewRefused | Unauthorized | Unavailable;

/** Why a member that waits for the first read gets none: it has to be classified again. */
export const RIGHTS_CHANGED: Unavailable = {
  kind: "unavailable",
  reason: "rights have changed",
  retryAfterMs: 0,
};

/** What a view needs. */
export interface ViewOptions {
  /** The query. */
  readonly query: ViewQuery;
  /** Collections whose changes can change it; `undefined` for all. */
  readonly touched: ReadonlySet<string> | undefined;
  /** The topic's log: the view's state is its latest of each key. */
  readonly log: TopicHistory;
  /** Where rows come from. */
  readonly source: ViewSource;
  /** How often it is read though nothing told of a change, in milliseconds; 0 is never. */
  readonly refreshMs: number;
  /** Rows outside its list that an open view remembers. */
  readonly maxRows: number;
  /** Called when the log has grown. */
  readonly onPublished: () => void;
  /** Called when a read was refused: the members' rights may have changed, and are to be checked. */
  readonly onRefused: () => void;
  /** Called for each member that may not have the view any more. */
  readonly onLost: (member: ViewMember, reason: LossReason) => void;
  /** A monotonic clock, in milliseconds. */
  readonly now: () => number;
  /** Returns a number from 0 to below 1. */
  readonly random: () => number;
}
