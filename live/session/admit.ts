/**
 * Deciding whether a client may subscribe to a topic or a view.
 *
 * @module
 */

import type { Connection } from "../connection/connection.ts";
import type { Authority } from "../domain/authority.ts";
import { type Refusals, silentRefusals } from "../domain/refusal_log.ts";
import type { Topic, TopicSource } from "../domain/topic.ts";
import type { ViewQuery } from "../domain/view_query.ts";
import type { LossReason } from "../views/view_members.ts";
import type { SharedViews } from "../views/views.ts";
import { type Admission, FORBIDDEN, type Refusal, SESSION_OVER } from "./admission.ts";
import type { Admit } from "./client_subscription.ts";

/** What admitting clients needs. */
export interface AdmitOptions {
  /** Decides which topics a client may subscribe to. @default {none: all topics} */
  readonly authority?: Authority | undefined;
  /** Opens views. @default {none: there are no views} */
  readonly views?: SharedViews | undefined;
  /** Takes subscriptions that Directus forbids. @default {silentRefusals} */
  readonly refusals?: Refusals | undefined;
  /** Collections behind topics' prefixes, to name them in the log. @default {none} */
  readonly topics?: ReadonlyMap<string, TopicSource> | undefined;
}

/** Admits a client to a topic if the authority allows it. Without an authority, admits every client. */
export function admitToTopic(
  { credential }: Connection,
  topic: Topic,
  { authority, topics, refusals = silentRefusals }: AdmitOptions,
): Admit {
  const { prefix } = topic;
  const admission: Admission = { kind: "admitted", topic: topic.name, leave() {} };
  return async () => {
    if (authority === undefined) return admission;
    if (credential === null) return FORBIDDEN;
    const answer = await authority.authorise(credential, topic);
    switch (answer.kind) {
      case "allowed":
        return admission;
      case "forbidden":
        refusals.note("topic", `${prefix}=${topics?.get(prefix)?.collection ?? prefix}`);
        return FORBIDDEN;
      case "unauthorized":
        return SESSION_OVER;
      case "unavailable":
        return unavailable("Directus could not be asked; try again", answer.retryAfterMs);
    }
  };
}

/** Admits a client to a view, and opens the view. A server without views refuses. */
export function admitToView(
  { credential, user }: Connection,
  query: ViewQuery,
  { views, refusals = silentRefusals }: AdmitOptions,
  onLost: (reason: LossReason) => void,
): Admit {
  return async () => {
    if (views === undefined || credential === null || user === null) {
      return { ...FORBIDDEN, message: "This server has no views" };
    }
    const answer = await views.open({ credential, user }, query, onLost);
    switch (answer.kind) {
      case "opened":
        return { kind: "admitted", topic: answer.topic, leave: answer.leave };
      case "refused":
        if (answer.code === "forbidden") refusals.note("view", query.collection);
        return { kind: "refused", code: answer.code, message: answer.reason };
      case "full":
        return {
          kind: "refused",
          code: "limit",
          message: "The server has no room for another view",
        };
      case "unauthorized":
        return SESSION_OVER;
      case "unavailable":
        return unavailable("The view cannot be read now; try again", answer.retryAfterMs);
    }
  };
}

function unavailable(message: string, retryAfterMs: number): Refusal {
  return { kind: "refused", code: "unavailable", message, retryAfterMs };
}
