/**
 * Stands in for `@std/log/formatters`: ready-made formats of a log line.
 *
 * @module
 */

import type { LogRecord } from "./logger.ts";

/**
 * Formats a record as one JSON object. A single argument is not wrapped in an array, and none are
 * left out.
 *
 * @param logRecord The record.
 * @returns The line.
 */
export function jsonFormatter(logRecord: LogRecord): string {
  const { levelName: level, datetime, msg: message, args } = logRecord;
  return JSON.stringify({
    level,
    datetime: datetime.getTime(),
    message,
    args: args.length > 1 ? args : args[0],
  });
}

/** The formats by name. */
export const formatters: { readonly jsonFormatter: typeof jsonFormatter } = { jsonFormatter };
