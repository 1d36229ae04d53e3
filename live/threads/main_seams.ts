/**
 * What the main thread keeps, as the seams that a thread's sessions use.
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
 * How long a question to Directus may take, in milliseconds. The main thread has a deadline of its own
 * for each call; this one only frees what a lost answer would leave behind.
 */
const QUESTION_MS = 900_000;

/** When to ask again if the main thread does not answer, in milliseconds. */
const RETRY_AFTER_MS = 1_000;

/** Returns the main thread's authority. It forgets cached answers by itself. */
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
  /** Called when the main thread says that a session may not have a view any more. */
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
    // The main thread, which keeps them, learns of changes itself.
    rightsChanged() {},
    changed() {},
    lost(id, reason) {
      const onLost = listeners.get(id);
      listeners.delete(id);
      onLost?.(reason);
    },
  };
}

/** Returns the places that the main thread counts. */
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
      // No shorter deadline: a place whose answer comes too late would be taken for ever.
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
