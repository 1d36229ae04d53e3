/**
 * What a view needs, and reasons why it cannot be read.
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

/** The failure of members that wait for the first read when rights change: they must be classified again. */
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
  /** The topic's log. The latest publication of each key is the view's state. */
  readonly log: TopicHistory;
  /** The source of rows. */
  readonly source: ViewSource;
  /** How often it is read even if nothing reported a change, in milliseconds; 0 is never. */
  readonly refreshMs: number;
  /** How many rows outside its list an open view remembers. */
  readonly maxRows: number;
  /** Called when the log has grown. */
  readonly onPublished: () => void;
  /** Called when a read was refused. The members' rights may have changed, and must be checked. */
  readonly onRefused: () => void;
  /** Called for each member that has lost the view. */
  readonly onLost: (member: ViewMember, reason: LossReason) => void;
  /** A monotonic clock, in milliseconds. */
  readonly now: () => number;
  /** Returns a number from 0 to below 1. */
  readonly random: () => number;
}
