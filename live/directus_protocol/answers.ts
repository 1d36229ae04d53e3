/**
 * The messages to clients of Directus's realtime protocol. Each function returns the text of one frame.
 *
 * @module
 */

import type { ItemEvent } from "../domain/broker.ts";
import type { Uid } from "./messages.ts";

/** The type of an error, which is the type of the message that it answers. */
export type ErrorType = "auth" | "subscribe" | "server" | "items";

/** Codes of errors, all of them Directus's own. */
export type ErrorCode =
  | "AUTH_FAILED"
  | "AUTH_TIMEOUT"
  | "TOKEN_EXPIRED"
  | "INVALID_PAYLOAD"
  | "INVALID_QUERY"
  | "FORBIDDEN"
  | "LIMIT_EXCEEDED"
  | "SERVICE_UNAVAILABLE";

/** An error without its envelope. */
export interface DirectusFault {
  /** The reason, for programs. */
  readonly code: ErrorCode;
  /** The reason, for people. */
  readonly message: string;
}

/** Directus's error for data that a user may not see. */
export const FORBIDDEN: DirectusFault = {
  code: "FORBIDDEN",
  message: "You don't have permission to access this.",
};

/** Returns an error. */
export function errorFrame(type: ErrorType, error: DirectusFault, uid?: Uid): string {
  return JSON.stringify({ type, status: "error", error, uid });
}

/** Returns the answer to a client that is authenticated. */
export function authenticatedFrame(uid?: Uid): string {
  return JSON.stringify({ type: "auth", status: "ok", uid });
}

/** Returns the answer to a `ping`. */
export function pongFrame(uid?: Uid): string {
  return JSON.stringify({ type: "pong", uid });
}

/** The ping, which asks whether the client is alive. */
export const PING_FRAME = '{"type":"ping"}';

/** Returns the answer to `unsubscribe`, which is also sent when the server ends a subscription. */
export function unsubscribedFrame(uid?: Uid): string {
  return JSON.stringify({ type: "subscription", event: "unsubscribe", uid });
}

/**
 * Returns a message of a subscription.
 *
 * @param data JSON text. @default {none}
 * @param uid Name of the subscription, if it has one.
 */
export function eventFrame(
  event: ItemEvent | "init",
  data: string | undefined,
  uid: string | undefined,
): string {
  const dataField = data === undefined ? "" : `,"data":${data}`;
  const uidField = uid === undefined ? "" : `,"uid":${JSON.stringify(uid)}`;
  return `{"type":"subscription","event":"${event}"${dataField}${uidField}}`;
}

/** The hint for messages that only Directus's own socket answers. */
const OWN_SOCKET = "is answered by Directus's own socket only: connect to the path /websocket of " +
  "Directus itself for it";

/** Returns the answer to a message that changes or reads items. */
export function itemsFrame(uid?: Uid): string {
  const message = `"items" ${OWN_SOCKET}, or send the request by REST`;
  return errorFrame("items", { code: "SERVICE_UNAVAILABLE", message }, uid);
}

/** Returns the answer to a message about collaborative editing, whose errors have another form. */
export function collabFrame(action: unknown): string {
  return JSON.stringify({
    type: "collab",
    action: "error",
    code: "SERVICE_UNAVAILABLE",
    trigger: typeof action === "string" ? action.slice(0, 64) : undefined,
    message: `"collab" ${OWN_SOCKET}`,
  });
}
