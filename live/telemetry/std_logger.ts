/**
 * The log on `@std/log`.
 *
 * @module
 */

import { ConsoleHandler } from "@std/log/console-handler";
import { Logger as StdLogger } from "@std/log/logger";
import type { LogRecord } from "@std/log/logger";
import type { LogFields, Logger } from "../domain/logger.ts";

/** Options of a logger. */
export interface StdLoggerOptions {
  /** Lowest level that is logged. */
  readonly level: "DEBUG" | "INFO" | "WARN" | "ERROR";
  /** `json` writes one object per line, `pretty` is for people. */
  readonly format: "json" | "pretty";
  /** Fields of every line, for example the instance. @default {none} */
  readonly fields?: LogFields;
  /** Returns fields of the current context, for example of a trace. @default {none} */
  readonly context?: () => LogFields;
  /** Writes a line. @default {console.log} */
  readonly write?: (line: string) => void;
}

/** Creates a logger. A line that cannot be written is dropped. */
export function createStdLogger(options: StdLoggerOptions): Logger {
  const { level, format, fields, context, write } = options;
  const formatter = format === "json"
    ? (record: LogRecord) => jsonLine(record, { ...fields, ...context?.() })
    : prettyLine;
  const logger = new StdLogger("live", level, {
    handlers: [new LineHandler(level, { formatter, useColors: false }, write)],
  });
  const writer = (level: keyof Logger) => (message: string, fields?: LogFields) => {
    try {
      logger[level](message, fields);
    } catch {
      // The disk may be full, or the pipe closed. That must not break the caller.
    }
  };
  return {
    debug: writer("debug"),
    info: writer("info"),
    warn: writer("warn"),
    error: writer("error"),
  };
}

/** A console handler that can write to another place. */
class LineHandler extends ConsoleHandler {
  readonly #write: ((line: string) => void) | undefined;

  constructor(
    level: StdLoggerOptions["level"],
    options: ConstructorParameters<typeof ConsoleHandler>[1],
    write: StdLoggerOptions["write"],
  ) {
    super(level, options);
    this.#write = write;
  }

  override log(line: string): void {
    if (this.#write === undefined) super.log(line);
    else this.#write(line);
  }
}

function jsonLine(record: LogRecord, common: LogFields): string {
  const fields = serialise({
    time: record.datetime.toISOString(),
    level: record.levelName,
    message: record.msg,
    ...common,
    ...fieldsOf(record),
  });
  return oneLine(`{${fields.map(([name, json]) => `${JSON.stringify(name)}:${json}`).join()}}`);
}

function prettyLine(record: LogRecord): string {
  const fields = serialise(fieldsOf(record)).map(([name, json]) => ` ${name}=${json}`);
  const time = record.datetime.toISOString().slice(11, 23);
  return oneLine(`${time} ${record.levelName.padEnd(5)} ${record.msg}${fields.join("")}`);
}

function fieldsOf(record: LogRecord): LogFields {
  return (record.args[0] ?? {}) as LogFields;
}

/** Serialises each field separately, so that a field that cannot be serialised does not cost the line. */
function serialise(fields: LogFields): [name: string, json: string][] {
  return Object.entries(fields).flatMap(([name, value]) => {
    const json = toJson(value);
    return json === undefined ? [] : [[name, json]];
  });
}

function toJson(value: unknown): string | undefined {
  try {
    return JSON.stringify(value, readable);
  } catch {
    return '"[not serialisable]"';
  }
}

/** `JSON.stringify` renders an error as `{}`; its stack says where to look. */
function readable(_name: string, value: unknown): unknown {
  if (value instanceof Error) return value.stack ?? String(value);
  return typeof value === "bigint" ? String(value) : value;
}

// deno-lint-ignore no-control-regex
const CONTROL = /[\u0000-\u001f\u007f-\u009f\u2028\u2029]/g;

/** Escapes what could forge another line (CWE-117) or move a terminal's cursor (CWE-150). */
function oneLine(line: string): string {
  return line.replace(CONTROL, (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, "0")}`);
}
