/**
 * The wire of Live's own protocol over server-sent events.
 *
 * @module
 */

import type { ServerMessage, SubscribedMessage } from "../domain/messages.ts";
import { retryDelayMs } from "../domain/retry_delay.ts";
import type { LogName, Wire } from "../domain/wire.ts";
import { renderAnswer, renderPublication } from "./json_wire.ts";

/**
 * Returns the id of an event that moves the client to an offset of a log. When the client reconnects,
 * it sends the last id that it got as `Last-Event-ID`.
 */
export type EventId = (
  log: LogName & Pick<SubscribedMessage, "id">,
  offset: number,
) => string | undefined;

/** Renders one event; `data` is JSON without line breaks. */
export function renderEvent(
  { event, data, id, retryMs }: {
    readonly event?: string;
    readonly data: string;
    readonly id?: string | undefined;
    readonly retryMs?: number | undefined;
  },
): string {
  const lines = [
    event === undefined ? "" : `event: ${event}\n`,
    `data: ${data}\n`,
    id === undefined ? "" : `id: ${id}\n`,
    retryMs === undefined ? "" : `retry: ${retryMs}\n`,
  ];
  return `${lines.join("")}\n`;
}

/** Renders each message as one event of the default type. A frame is one or more events. */
export function createSseWire(idOf: EventId): Wire {
  return {
    answer(message: ServerMessage) {
      const id = message.type === "subscribed" ? idOf(message, message.offset) : undefined;
      // If the server fails, its clients must not all reconnect at the same moment.
      const retryMs = message.type === "welcome" ? retryDelayMs() : undefined;
      return renderEvent({ data: renderAnswer(message), id, retryMs });
    },
    publication: (log, publication, skipped) =>
      renderEvent({
        data: renderPublication(log, publication, skipped),
        id: idOf(log, publication.offset),
      }),
    frame: (parts) => parts.join(""),
  };
}

/** The wire of all streams with a single topic. Their position is the topic's position. */
export const sseWire: Wire = createSseWire(({ epoch }, offset) => `${epoch}:${offset}`);
