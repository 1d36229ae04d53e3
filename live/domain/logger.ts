/**
 * The seam to the log.
 *
 * @module
 */

/** What a log line carries beside its message. Never a cookie, never a token. */
export type LogFields = Readonly<Record<string, unknown>>;

/** Writes log lines. Messages are constant sentences; what varies goes into the fields. */
export interface Logger {
  /** Logs what helps to follow one connection. */
  debug(message: string, fields?: LogFields): void;
  /** Logs what an operator wants to have seen in normal running. */
  info(message: string, fields?: LogFields): void;
  /** Logs what is wrong outside the server, or will be soon inside it. */
  warn(message: string, fields?: LogFields): void;
  /** Logs what is wrong inside the server. */
  error(message: string, fields?: LogFields): void;
}

/** A logger that drops every line, for embedding and tests. */
export const silentLogger: Logger = {
  debug() {},
  info() {},
  warn() {},
  error() {},
};
