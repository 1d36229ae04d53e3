/**
 * The wire of Directus's realtime protocol for what the server says to any client.
 *
 * @module
 */

import type { Wire } from "../domain/wire.ts";
import { errorFrame } from "./answers.ts";

/**
 * Writes the only answer that is not written by a session or a subscription: that of a handler that failed.
 * Subscriptions have wires of their own.
 */
export const directusWire: Wire = {
  answer: (message) =>
    errorFrame("server", {
      code: "SERVICE_UNAVAILABLE",
      message: message.type === "error" ? message.message : "",
    }),
  publication: () => "",
  frame: (parts) => parts.join(""),
};
