/**
 * The wire of Live's own protocol over WebSockets: JSON text.
 *
 * @module
 */

import type { LoggedPublication } from "../domain/broker.ts";
import type { ServerMessage } from "../domain/messages.ts";
import type { LogName, Wire } from "../domain/wire.ts";

/**
 * Renders a publication as a message: `{"type":"message","topic":…,"offset":…,"key":…,"data":…}`.
 * The payload is inserted as JSON text, unchanged.
 */
export function renderPublication(
  { topic }: LogName,
  { offset, key, json, rank }: LoggedPublication,
  skipped: number,
): string {
  const keyField = key === undefined ? "" : `,"key":${JSON.stringify(key)}`;
  const rankField = rank === undefined ? "" : `,"rank":${JSON.stringify(rank)}`;
  const payload = json === undefined ? `"removed":true` : `"data":${json}`;
  const skippedField = skipped === 0 ? "" : `,"skipped":${skipped}`;
  return `{"type":"message","topic":${
    JSON.stringify(topic)
  },"offset":${offset}${keyField}${rankField},${payload}${skippedField}}`;
}

/** Renders an answer to one client. */
export function renderAnswer(message: ServerMessage): string {
  if (message.type !== "subscribed") return JSON.stringify(message);
  const { messages, ...head } = message;
  const rendered = messages.map((publication) => renderPublication(message, publication, 0));
  return `${JSON.stringify(head).slice(0, -1)},"messages":[${rendered.join(",")}]}`;
}

/** A frame is one message, or an array of several. */
export const jsonWire: Wire = {
  answer: renderAnswer,
  publication: renderPublication,
  frame: (parts) => parts.length === 1 ? parts.join() : `[${parts.join(",")}]`,
};
