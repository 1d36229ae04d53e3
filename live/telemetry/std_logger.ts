/**
 * The log on `@std/log`.
 *
 * @module
 */

import { ConsoleHandler } from "@std/log/console-handler";
import { Logger as StdLogger } from "@std/log/logger";
import type { LogRecord } from "@std/log/logger";
import type { LogFields, Logger } from "../domain/logger.ts";

/** How and what to log. */
export interface StdLoggerOptions {
  /** Lines below this level are dropped. */
  readonly level: "DEBUG" | "INFO" | "WARN" | "ERROR";
  /** `json` writes one object a line, `pretty` something for people. */
  readonly format: "json" | "pretty";
  /** Fields of every line, for example the instance. */
  readonly fields?: LogFields;
}

/** Creates a logger that writes to standard output. */
export function createStdLogger(options: StdLoggerOptions): Logger {
  const { level, format, fields } = options;
  const formatter = format === "json"
    ? (record: LogRecord) => jsonLine(record, fields)
    : prettyLine;
  const logger = new StdLogger("live", level, {
    handlers: [new ConsoleHandler(level, { formatter, useColors: false })],
  });
  return {
    debug: (message, fields) => void logger.debug(message, fields),
    info: (message, fields) => void logger.info(message, fields),
    warn: (message, fields) => void logger.warn(message, fields),
    error: (message, fields) => void logger.error(message, fields),
  };
}

function jsonLine(record: LogRecord, common: LogFields | undefined): string {
  return JSON.stringify({
    time: record.datetime.toISOString(),
    level: record.levelName,
    message: record.msg,
    ...common,
    ...fieldsOf(record),
  }, errorsAsText);
}

/** Serialises every value: a text in a field cannot forge a line of its own (CWE-117). */
function prettyLine(record: LogRecord): string {
  const fields = Object.entries(fieldsOf(record))
    .filter(([, value]) => value !== undefined)
    .map(([name, value]) => ` ${name}=${JSON.stringify(value, errorsAsText)}`);
  const time = record.datetime.toISOString().slice(11, 23);
  return `${time} ${record.levelName.padEnd(5)} ${record.msg}${fields.join("")}`;
}

function fieldsOf(record: LogRecord): LogFields {
  return (record.args[0] ?? {}) as LogFields;
}

/** `JSON.stringify` shows nothing of an error; its stack says where to look. */
function errorsAsText(_name: string, value: unknown): unknown {
  return value instanceof Error ? value.stack ?? String(value) : value;
}
