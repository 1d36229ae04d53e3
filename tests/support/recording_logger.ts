/**
 * A log that records everything, and lets a test wait for a line.
 *
 * @module
 */

import type { LogFields, Logger } from "../../live/domain/logger.ts";
import { Watch } from "./queue.ts";

/** One log line. */
export interface LogLine {
  /** Its level. */
  readonly level: keyof Logger;
  /** Its message. */
  readonly message: string;
  /** Its fields. */
  readonly fields: LogFields;
}

/** Records all lines. */
export class RecordingLogger implements Logger {
  /** All lines, in order. */
  readonly lines: LogLine[] = [];
  readonly #watch = new Watch();

  /** Returns the lines of a level. */
  of(level: keyof Logger): LogLine[] {
    return this.lines.filter((line) => line.level === level);
  }

  /** Resolves to the first line with this message once it is logged. */
  async line(message: string): Promise<LogLine> {
    const find = () => this.lines.find((line) => line.message === message);
    await this.#watch.until(() => find() !== undefined);
    return find() as LogLine;
  }

  debug(message: string, fields?: LogFields): void {
    this.#log("debug", message, fields);
  }
  info(message: string, fields?: LogFields): void {
    this.#log("info", message, fields);
  }
  warn(message: string, fields?: LogFields): void {
    this.#log("warn", message, fields);
  }
  error(message: string, fields?: LogFields): void {
    this.#log("error", message, fields);
  }

  #log(level: keyof Logger, message: string, fields: LogFields = {}): void {
    this.lines.push({ level, message, fields });
    this.#watch.changed();
  }
}
