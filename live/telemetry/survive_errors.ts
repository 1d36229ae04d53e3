/**
 * Surviving uncaught errors.
 *
 * @module
 */

import type { Logger } from "../domain/logger.ts";

/**
 * Logs uncaught errors of this thread. Otherwise they would end the process, and a bug would disconnect
 * thousands of clients.
 */
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
