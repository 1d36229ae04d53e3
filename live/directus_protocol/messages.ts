/**
 * The messages from clients of Directus's realtime protocol.
 *
 * @module
 */

import { z } from "zod";
import { describeFault } from "../domain/zod_fault.ts";

/** A client's id of a message. The answer repeats it unchanged. */
export type Uid = string | number;

/** A client authenticates. */
export interface AuthMessage {
  /** Tells the messages apart. */
  readonly type: "auth";
  /** Returned with the answer. */
  readonly uid?: Uid | undefined;
  /** A token of Directus; absent if the client sent a password or a refresh token. */
  readonly access_token?: string | undefined;
}

/** A client subscribes to a collection, or to one item of it. */
export interface SubscribeMessage {
  /** Tells the messages apart. */
  readonly type: "subscribe";
  /** Names the subscription. A second one with the same name replaces it. */
  readonly uid?: Uid | undefined;
  /** The collection. */
  readonly collection: string;
  /** Limits the subscription to one kind of event, and leaves the data out of its start. */
  readonly event?: "create" | "update" | "delete" | undefined;
  /** Primary key of the only item. */
  readonly item?: Uid | undefined;
  /** The query: each parameter as a structure, or as text in the form of a URL. */
  readonly query?: Readonly<Record<string, unknown>> | undefined;
}

/** A client unsubscribes from one subscription; without a `uid`, from all. */
export interface UnsubscribeMessage {
  /** Tells the messages apart. */
  readonly type: "unsubscribe";
  /** Names the subscription. */
  readonly uid?: Uid | undefined;
}

/** A client sends a ping, or answers one. */
export interface PulseMessage {
  /** Tells the messages apart. */
  readonly type: "ping" | "pong";
  /** Returned with the answer. */
  readonly uid?: Uid | undefined;
}

/** A message of a kind that only Directus's own socket answers. */
export interface ForeignMessage {
  /** Tells the messages apart. */
  readonly type: "items" | "collab";
  /** Returned with the answer. */
  readonly uid?: Uid | undefined;
  /** What a message about collaborative editing does. */
  readonly action?: unknown;
}

/** A message that is answered. */
export type DirectusMessage =
  | AuthMessage
  | SubscribeMessage
  | UnsubscribeMessage
  | PulseMessage
  | ForeignMessage;

/** The result of reading a frame. */
export type ReadMessage =
  | { readonly kind: "message"; readonly message: DirectusMessage }
  /** Directus answers with an error of this type. */
  | {
    readonly kind: "fault";
    readonly type: "server" | "subscribe";
    readonly reason: string;
    readonly uid?: Uid | undefined;
  }
  /** Directus does not answer: the type is unknown, or an `auth` message has no credential. */
  | { readonly kind: "unanswered"; readonly type: string };

/**
 * The longest uid, in UTF-16 code units. It is bounded because every message of a subscription repeats it
 * (CWE-405).
 */
const MAX_UID_LENGTH = 256;

const uid = z.union([z.string().max(MAX_UID_LENGTH), z.number()]).optional();

const envelope = z.looseObject({ type: z.string(), uid });

const auth = z.union([
  z.object({ access_token: z.string() }),
  z.object({ email: z.string(), password: z.string() }),
  z.object({ refresh_token: z.string() }),
]);

const subscribe = z.object({
  type: z.literal("subscribe"),
  uid,
  collection: z.string(),
  event: z.enum(["create", "update", "delete"]).optional(),
  item: z.union([z.string(), z.number()]).optional(),
  query: z.record(z.string(), z.unknown()).optional(),
});

/** Directus's text for a frame that is not JSON. */
const NOT_JSON = "Unable to parse the incoming message.";

const decoder = new TextDecoder();

/**
 * Reads a frame as Directus does: a binary one as text, unknown fields ignored.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { readMessage } from "./messages.ts";
 *
 * assertEquals(readMessage('{"type":"ping","uid":1}'), {
 *   kind: "message",
 *   message: { type: "ping", uid: 1 },
 * });
 * assertEquals(readMessage('{"type":"hello"}'), { kind: "unanswered", type: "hello" });
 * assertEquals(readMessage("hello").kind, "fault");
 * ```
 */
export function readMessage(frame: string | ArrayBuffer): ReadMessage {
  const value = parseJson(typeof frame === "string" ? frame : decoder.decode(frame));
  if (value === undefined) return { kind: "fault", type: "server", reason: NOT_JSON };
  const isAuth = typeof value === "object" && value !== null && "type" in value &&
    value.type === "auth";
  const read = envelope.safeParse(value);
  if (!read.success) {
    return isAuth
      ? { kind: "unanswered", type: "auth" }
      : { kind: "fault", type: "server", reason: `Validation error: ${describeFault(read.error)}` };
  }
  const { type, uid, action } = read.data;
  switch (type) {
    case "auth":
      return readAuth(read.data, uid);
    case "subscribe":
      return readSubscribe(read.data);
    case "unsubscribe":
    case "ping":
    case "pong":
      return { kind: "message", message: { type, uid } };
    case "items":
    case "collab":
      return { kind: "message", message: { type, uid, action } };
    default:
      return { kind: "unanswered", type };
  }
}

function readAuth(value: unknown, uid: Uid | undefined): ReadMessage {
  const { data } = auth.safeParse(value);
  if (data === undefined) return { kind: "unanswered", type: "auth" };
  const more = "access_token" in data ? { access_token: data.access_token } : {};
  return { kind: "message", message: { type: "auth", uid, ...more } };
}

function readSubscribe(value: { readonly uid?: Uid | undefined }): ReadMessage {
  const { data, error } = subscribe.safeParse(value);
  if (data !== undefined) return { kind: "message", message: data };
  const reason = `Validation error: ${describeFault(error)}`;
  return { kind: "fault", type: "subscribe", reason, uid: value.uid };
}

/** Parses JSON. Returns `undefined` if the text is not JSON, a value that JSON cannot express. */
function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
