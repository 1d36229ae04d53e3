/**
 * The server's log: a logger and the writer of its lines.
 *
 * @module
 */

import type { Logger } from "../domain/logger.ts";
import { LineWriter, type LineWriterOptions } from "./line_writer.ts";
import { createStdLogger, type StdLoggerOptions } from "./std_logger.ts";

/** Options of a log. */
export type LogOptions = Omit<StdLoggerOptions, "write"> & Pick<LineWriterOptions, "sink">;

/** A log. */
export interface Log {
  /** Formats lines. */
  readonly logger: Logger;
  /** Writes them. */
  readonly lines: LineWriter;
}

/** Creates a log that never blocks the server. It logs how many of its lines were dropped. */
export function createLog({ sink, ...options }: LogOptions): Log {
  const onDropped = (count: number) => logger.warn("log lines dropped", { count });
  const lines = new LineWriter({ sink, onDropped });
  const logger = createStdLogger({ ...options, write: (line) => lines.write(line) });
  return { logger, lines };
}
