/**
 * The messages between browser and server, from and to JSON text.
 *
 * @module
 */

import { z } from "zod";
import type { ClientMessage, ErrorMessage, ServerMessage } from "./messages.ts";

/** The longest `id` that a client may give a message, in UTF-16 code units. */
export const MAX_MESSAGE_ID_LENGTH = 64;

const id: z.ZodType<string> = z.string().max(MAX_MESSAGE_ID_LENGTH);

const clientMessage: z.ZodType<ClientMessage> = z.discriminatedUnion("type", [
  z.object({
    type: z.literal("subscribe"),
    topic: z.string(),
    id: id.optional(),
    since: z.object({ epoch: z.string(), offset: z.int().nonnegative() }).optional(),
  }),
  z.object({ type: z.literal("unsubscribe"), topic: z.string(), id: id.optional() }),
]);

const withId = z.object({ id });

/** What came of reading a frame. */
export type ParsedMessage =
  | { readonly ok: true; readonly message: ClientMessage }
  | { readonly ok: false; readonly answer: ErrorMessage };

/**
 * Parses a frame from a client. Unknown fields are ignored.
 *
 * @param frame Text, or anything else for a binary frame.
 * @returns The message, or the `protocol-violation` to answer; it carries the message's id if
 * that much could be read.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { parseClientMessage } from "./protocol.ts";
 *
 * assertEquals(parseClientMessage('{"type":"subscribe","topic":"event:42"}'), {
 *   ok: true,
 *   message: { type: "subscribe", topic: "event:42" },
 * });
 * assertEquals(parseClientMessage("hello").ok, false);
 * ```
 */
export function parseClientMessage(frame: unknown): ParsedMessage {
  const value = typeof frame === "string" ? parseJson(frame) : undefined;
  const parsed = clientMessage.safeParse(value);
  if (parsed.success) return { ok: true, message: parsed.data };
  return {
    ok: false,
    answer: {
      type: "error",
      code: "protocol-violation",
      message: "Invalid message envelope",
      id: withId.safeParse(value).data?.id,
    },
  };
}

/** Serialises an answer. What a `subscribed` carries is JSON already and goes in as it is. */
export function encodeServerMessage(message: ServerMessage): string {
  if (message.type !== "subscribed") return JSON.stringify(message);
  const { messages, ...head } = message;
  return `${JSON.stringify(head).slice(0, -1)},"messages":[${messages.join(",")}]}`;
}

/**
 * Makes the outbound message of a publication, once for all its receivers.
 *
 * @param topic Name of the topic.
 * @param offset The publication's place in the log.
 * @param data The payload as JSON text.
 * @param key What the publication replaces, if anything.
 * @returns JSON text.
 */
export function encodePublication(
  topic: string,
  offset: number,
  data: string,
  key?: string,
): string {
  const keyField = key === undefined ? "" : `,"key":${JSON.stringify(key)}`;
  return `{"type":"message","topic":${
    JSON.stringify(topic)
  },"offset":${offset}${keyField},"data":${data}}`;
}

/** Adds to an outbound message how many messages before it the receiver will not get. */
export function withSkipped(message: string, skipped: number): string {
  return `${message.slice(0, -1)},"skipped":${skipped}}`;
}

/** Makes the frame of one or several messages: the message itself, or an array of them. */
export function encodeFrame(messages: readonly string[]): string {
  return messages.length === 1 ? messages.join() : `[${messages.join(",")}]`;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
