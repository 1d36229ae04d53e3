/**
 * Client messages, read from JSON text.
 *
 * @module
 */

import { z } from "zod";
import type { ClientMessage, ErrorMessage, SubscribeRequest } from "./messages.ts";

/** The longest `id` that a client may give a message, in UTF-16 code units. */
export const MAX_MESSAGE_ID_LENGTH = 64;

const id: z.ZodType<string> = z.string().max(MAX_MESSAGE_ID_LENGTH);

const clientMessage: z.ZodType<ClientMessage> = z.discriminatedUnion("type", [
  z.object({
    type: z.literal("subscribe"),
    topic: z.string().optional(),
    view: z.unknown().optional(),
    id: id.optional(),
    since: z.object({ epoch: z.string(), offset: z.int().nonnegative() }).optional(),
  }),
  z.object({ type: z.literal("unsubscribe"), topic: z.string(), id: id.optional() }),
  z.object({ type: z.literal("ping"), id: id.optional() }),
]).refine((message) => message.type !== "subscribe" || hasOneTarget(message));

function hasOneTarget({ topic, view }: SubscribeRequest): boolean {
  return (topic === undefined) !== (view === undefined);
}

const withId = z.object({ id });

/** A client's message, or the answer to a frame that is not one. */
export type ParsedMessage =
  | { readonly ok: true; readonly message: ClientMessage }
  | { readonly ok: false; readonly answer: ErrorMessage };

/**
 * Parses a frame from a client. Unknown fields are ignored.
 *
 * @param frame The text; anything else stands for a binary frame.
 * @returns The message, or a `protocol-violation` to answer with. It has the message's `id` if that could
 * be read.
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

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
