/**
 * Surviving errors that nothing caught.
 *
 * @module
 */

import type { Logger } from "../domain/logger.ts";

/** Logs errors of this thread that nothing caught. A bug must not disconnect thousands of clients. */
export function surviveErrors(logger: Logger): void {
  globalThis.addEventListener("unhandledrejection", (event) => {
    event.preventDefault();
    logger.error("unhandled rejection", { error: event.reason });
  });
  globalThis.addEventListener("error", (event) => {
    event.preventDefault();
    logger.error("uncaught error", { error: event.error });
  });
}
