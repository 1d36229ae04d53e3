/**
 * The seam to the log.
 *
 * @module
 */

/** Fields of a log line. Never a cookie, never a token. */
export type LogFields = Readonly<Record<string, unknown>>;

/** Writes log lines. Messages are constant; what varies goes into the fields. */
export interface Logger {
  /** Logs details for following one connection. */
  debug(message: string, fields?: LogFields): void;
  /** Logs what an operator wants to see in normal operation. */
  info(message: string, fields?: LogFields): void;
  /** Logs a problem outside the server, or one that is about to arise inside it. */
  warn(message: string, fields?: LogFields): void;
  /** Logs a fault of the server itself. */
  error(message: string, fields?: LogFields): void;
}

/** A logger that drops every line, for embedding and tests. */
export const silentLogger: Logger = {
  debug() {},
  info() {},
  warn() {},
  error() {},
};
