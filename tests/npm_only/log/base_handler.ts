/**
 * Stands in for `@std/log/base-handler`: what every handler of log lines has in common.
 *
 * @module
 */

import { getLevelByName, getLevelName, type LevelName, type LogLevel } from "./levels.ts";
import type { LogRecord } from "./logger.ts";

/** Turns a record into the line that is written. */
export type FormatterFunction = (logRecord: LogRecord) => string;

/** Options of a {@linkcode BaseHandler}. */
export interface BaseHandlerOptions {
  /** The format of a line; without one, the level's name and the message. */
  formatter?: FormatterFunction;
}

/** Writes the records of its own level and above, each as one line. */
export abstract class BaseHandler {
  #level: LogLevel;

  /** Turns a record into a line. */
  formatter: FormatterFunction;

  /**
   * Creates a handler.
   *
   * @param levelName The lowest level to write.
   * @param options The format.
   */
  constructor(levelName: LevelName, options: BaseHandlerOptions = {}) {
    this.#level = getLevelByName(levelName);
    this.formatter = options.formatter ?? (({ levelName, msg }) => `${levelName} ${msg}`);
  }

  /** The lowest level to write, as a number. */
  get level(): LogLevel {
    return this.#level;
  }

  /** The lowest level to write, by name. */
  get levelName(): LevelName {
    return getLevelName(this.#level);
  }

  /**
   * Writes a record, unless its level is too low.
   *
   * @param logRecord The record.
   */
  handle(logRecord: LogRecord): void {
    if (logRecord.level >= this.#level) this.log(this.format(logRecord));
  }

  /**
   * Formats a record.
   *
   * @param logRecord The record.
   * @returns The line.
   */
  format(logRecord: LogRecord): string {
    return this.formatter(logRecord);
  }

  /**
   * Writes a line.
   *
   * @param msg The line.
   */
  abstract log(msg: string): void;
}
