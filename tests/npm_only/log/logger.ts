/**
 * Stands in for `@std/log/logger`: a logger, and the record that it hands to its handlers.
 *
 * @module
 */

import type { BaseHandler } from "./base_handler.ts";
import {
  getLevelByName,
  getLevelName,
  type LevelName,
  type LogLevel,
  LogLevels,
} from "./levels.ts";

/** Marks this module: the original has no such export. `main.ts` warns where it is in use. */
export const isStandIn = true;

// deno-lint-ignore no-explicit-any
type AnyFunction = (...args: any[]) => any;
type Value<T> = T extends AnyFunction ? never : T;

/** What a {@linkcode LogRecord} is made of. */
export interface LogRecordOptions {
  /** The message. */
  msg: string;
  /** What was logged besides the message. */
  args: unknown[];
  /** The level. */
  level: LogLevel;
  /** The name of the logger. */
  loggerName: string;
}

/** One thing that was logged. Nothing in it changes: a handler gets copies of `args` and `datetime`. */
export class LogRecord {
  /** The message. */
  readonly msg: string;
  /** The level, as a number. */
  readonly level: number;
  /** The level, by name. */
  readonly levelName: string;
  /** The name of the logger. */
  readonly loggerName: string;
  readonly #args: unknown[];
  readonly #datetime = new Date();

  /**
   * Creates a record of now.
   *
   * @param options Its fields.
   */
  constructor(options: LogRecordOptions) {
    this.msg = options.msg;
    this.level = options.level;
    this.levelName = getLevelName(options.level);
    this.loggerName = options.loggerName;
    this.#args = [...options.args];
  }

  /** What was logged besides the message. */
  get args(): unknown[] {
    return [...this.#args];
  }

  /** When it was logged. */
  get datetime(): Date {
    return new Date(this.#datetime.getTime());
  }
}

/** Options of a {@linkcode Logger}. */
export interface LoggerOptions {
  /** Who gets the records, in this order. */
  handlers?: BaseHandler[];
}

/**
 * Hands what is logged at its level or above to its handlers.
 *
 * Each method returns what it was given as the message. A function as the message is called only
 * if the level lets it through; its result is then the message.
 */
export class Logger {
  /** Who gets the records, in this order. */
  handlers: BaseHandler[];
  readonly #loggerName: string;
  readonly #level: LogLevel;

  /**
   * Creates a logger.
   *
   * @param loggerName The name in its records.
   * @param levelName The lowest level to let through.
   * @param options The handlers.
   */
  constructor(loggerName: string, levelName: LevelName, options: LoggerOptions = {}) {
    this.#loggerName = loggerName;
    this.#level = getLevelByName(levelName);
    this.handlers = options.handlers ?? [];
  }

  /** The lowest level that is let through, as a number. */
  get level(): LogLevel {
    return this.#level;
  }

  /** The lowest level that is let through, by name. */
  get levelName(): LevelName {
    return getLevelName(this.#level);
  }

  /** The name in its records. */
  get loggerName(): string {
    return this.#loggerName;
  }

  #log<T>(level: LogLevel, msg: Value<T> | (() => T), args: unknown[]): T | undefined {
    const isLazy = msg instanceof Function;
    if (level < this.#level) return isLazy ? undefined : msg;
    const value = isLazy ? msg() : msg;
    const record = new LogRecord({ msg: text(value), args, level, loggerName: this.#loggerName });
    for (const handler of this.handlers) handler.handle(record);
    return value;
  }

  /** Logs what helps to find a fault. */
  debug<T>(msg: Value<T> | (() => T), ...args: unknown[]): T | undefined {
    return this.#log(LogLevels.DEBUG, msg, args);
  }

  /** Logs normal operation. */
  info<T>(msg: Value<T> | (() => T), ...args: unknown[]): T | undefined {
    return this.#log(LogLevels.INFO, msg, args);
  }

  /** Logs what may become a fault. */
  warn<T>(msg: Value<T> | (() => T), ...args: unknown[]): T | undefined {
    return this.#log(LogLevels.WARN, msg, args);
  }

  /** Logs a fault. */
  error<T>(msg: Value<T> | (() => T), ...args: unknown[]): T | undefined {
    return this.#log(LogLevels.ERROR, msg, args);
  }

  /** Logs a fault that ends the process. */
  critical<T>(msg: Value<T> | (() => T), ...args: unknown[]): T | undefined {
    return this.#log(LogLevels.CRITICAL, msg, args);
  }
}

/** An error as its stack, an object field by field, all else as `String()` has it. */
function text(value: unknown, isField = false): string {
  if (typeof value === "string") return isField ? `"${value}"` : value;
  if (value instanceof Error) return value.stack ?? String(value);
  if (typeof value === "function") return "undefined";
  if (typeof value !== "object" || value === null) return String(value);
  const fields = Object.entries(value).map(([key, field]) => `"${key}":${text(field, true)}`);
  return `{${fields.join(",")}}`;
}
