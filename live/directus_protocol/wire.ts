/**
 * The wire of Directus's realtime protocol for answers that depend on no subscription.
 *
 * @module
 */

import type { Wire } from "../domain/wire.ts";
import { errorFrame } from "./answers.ts";

/**
 * Writes the answer of a handler that failed. Sessions and subscriptions write all other messages;
 * subscriptions have their own wires.
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
