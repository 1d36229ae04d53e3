/**
 * The server's log: a logger, and the writer of its lines.
 *
 * @module
 */

import type { Logger } from "../domain/logger.ts";
import { LineWriter, type LineWriterOptions } from "./line_writer.ts";
import { createStdLogger, type StdLoggerOptions } from "./std_logger.ts";

/** What a log is made of. */
export type LogOptions = Omit<StdLoggerOptions, "write"> & Pick<LineWriterOptions, "sink">;

/** A log. */
export interface Log {
  /** Takes what is to be told. */
  readonly logger: Logger;
  /** Writes it. */
  readonly lines: LineWriter;
}

/** Creates a log whose lines never hold up the server; those that were dropped are counted in it. */
export function createLog({ sink, ...options }: LogOptions): Log {
  const onDropped = (count: number) => logger.warn("log lines dropped", { count });
  const lines = new LineWriter({ sink, onDropped });
  const logger = createStdLogger({ ...options, write: (line) => lines.write(line) });
  return { logger, lines };
}
