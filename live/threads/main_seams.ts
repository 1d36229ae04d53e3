/**
 * The authority, views and limits of the main thread, as seams for the sessions of a thread.
 *
 * @module
 */

import type { Authority, Unavailable } from "../domain/authority.ts";
import type { Places } from "../domain/places.ts";
import type { SharedViews } from "../views/views.ts";
import type { LossReason } from "../views/view_members.ts";
import type { Channel } from "./channel.ts";
import type { MainCalls } from "./protocol.ts";
import { seal } from "./sealed_credential.ts";

/**
 * How long a question to Directus may take, in milliseconds. The main thread has its own, shorter deadline
 * for each call to Directus. This one only makes sure that a lost answer leaves nothing behind.
 */
const QUESTION_MS = 900_000;

/** When callers should ask again if the main thread does not answer, in milliseconds. */
const RETRY_AFTER_MS = 1_000;

/** Returns the main thread's authority, which drops its cached answers itself. */
export function mainAuthority(channel: Channel<MainCalls>): Authority {
  return {
    authenticate: (credential, options = {}) =>
      channel.callWithin(QUESTION_MS, "authenticate", seal(credential), options)
        .catch(unavailable),
    authorise: (credential, topic, options = {}) =>
      channel.callWithin(QUESTION_MS, "authorise", seal(credential), topic, options)
        .catch(unavailable),
  };
}

/** The main thread's views. */
export interface MainViews extends SharedViews {
  /** Called when the main thread reports that a session has lost a view. */
  lost(id: number, reason: LossReason): void;
}

/** Returns the main thread's views. */
export function mainViews(channel: Channel<MainCalls>): MainViews {
  const listeners = new Map<number, (reason: LossReason) => void>();
  let lastId = 0;
  return {
    async open({ credential, user }, query, onLost) {
      const id = ++lastId;
      listeners.set(id, onLost);
      const leave = () => {
        if (listeners.delete(id)) channel.tell("leaveView", id);
      };
      const call = channel.callWithin(QUESTION_MS, "openView", id, seal(credential), user, query);
      const answer = await call.catch(unavailable);
      if (answer.kind === "opened") return { ...answer, leave };
      listeners.delete(id);
      return answer;
    },
    check: (credential) =>
      channel.callWithin(QUESTION_MS, "checkViews", seal(credential)).catch((error) => ({
        asked: 1,
        lost: 0,
        unanswered: [unavailable(error).reason],
      })),
    // The main thread keeps the views, and learns about changes itself.
    rightsChanged() {},
    changed() {},
    lost(id, reason) {
      const onLost = listeners.get(id);
      listeners.delete(id);
      onLost?.(reason);
    },
  };
}

/** Returns the connection limits, whose places the main thread counts. */
export function mainPlaces(
  channel: Channel<MainCalls>,
  taken: Int32Array<SharedArrayBuffer>,
  maxConnections: number,
): Places {
  return {
    get isFull() {
      return Atomics.load(taken, 0) >= maxConnections;
    },
    async take(userId, isExchange) {
      // The deadline must not be shorter: a place whose answer comes after it would stay taken for ever.
      const answer = await channel.callWithin(QUESTION_MS, "takePlace", userId, isExchange)
        .catch(() => "capacity" as const);
      if (answer !== "taken") return answer;
      let isTaken = true;
      return {
        leave() {
          if (isTaken) channel.tell("leavePlace", userId);
          isTaken = false;
        },
      };
    },
  };
}

function unavailable(error: unknown): Unavailable {
  const reason = error instanceof Error ? error.message : String(error);
  return { kind: "unavailable", reason, retryAfterMs: RETRY_AFTER_MS };
}
