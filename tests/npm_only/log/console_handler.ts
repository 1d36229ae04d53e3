/**
 * Stands in for `@std/log/console-handler`: log lines on the console.
 *
 * @module
 */

import { BaseHandler, type BaseHandlerOptions } from "./base_handler.ts";
import { type LevelName, type LogLevel, LogLevels } from "./levels.ts";
import type { LogRecord } from "./logger.ts";

/** Options of a {@linkcode ConsoleHandler}. */
export interface ConsoleHandlerOptions extends BaseHandlerOptions {
  /**
   * Whether a line has its level's colour. Unlike the original's, `NO_COLOR` does not matter.
   *
   * @default {true}
   */
  useColors?: boolean;
}

/** The SGR codes (ECMA-48 8.3.117) that begin and end a level's colour. */
const COLORS: Partial<Record<LogLevel, readonly [start: string, end: string]>> = {
  [LogLevels.INFO]: ["\x1b[34m", "\x1b[39m"],
  [LogLevels.WARN]: ["\x1b[33m", "\x1b[39m"],
  [LogLevels.ERROR]: ["\x1b[31m", "\x1b[39m"],
  [LogLevels.CRITICAL]: ["\x1b[1m\x1b[31m", "\x1b[39m\x1b[22m"],
};

/** Writes records with `console.log`. */
export class ConsoleHandler extends BaseHandler {
  readonly #useColors: boolean;

  /**
   * Creates a handler.
   *
   * @param levelName The lowest level to write.
   * @param options Format and colours.
   */
  constructor(levelName: LevelName, options: ConsoleHandlerOptions = {}) {
    super(levelName, options);
    this.#useColors = options.useColors ?? true;
  }

  /**
   * Formats a record, in its level's colour if wanted.
   *
   * @param logRecord The record.
   * @returns The line.
   */
  override format(logRecord: LogRecord): string {
    const line = super.format(logRecord);
    const color = this.#useColors ? COLORS[logRecord.level as LogLevel] : undefined;
    return color === undefined ? line : `${color[0]}${line}${color[1]}`;
  }

  /**
   * Writes a line.
   *
   * @param msg The line.
   */
  log(msg: string): void {
    // deno-lint-ignore no-console
    console.log(msg);
  }
}
