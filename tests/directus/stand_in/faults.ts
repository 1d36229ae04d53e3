/**
 * The ways in which a Directus fails.
 *
 * @module
 */

import { refusals, refuse } from "./responses.ts";

/**
 * A way to fail: over its rate limit (429), under pressure (503), its database broken (500), a
 * proxy's page in its place (200 with HTML), hung without a response, or not listening.
 */
export type Fault = "limited" | "pressure" | "broken" | "page" | "hung" | "down";

/**
 * Responds as a Directus with a fault does.
 *
 * A hung one settles only when the request is aborted.
 *
 * @throws {TypeError} If the fault is `down`, as `fetch` does when a connection is refused.
 */
export function failing(fault: Fault, request: Request): Promise<Response> {
  switch (fault) {
    case "limited":
      return Promise.resolve(refuse(refusals.limited, { "retry-after": "1" }));
    case "pressure":
      return Promise.resolve(refuse(refusals.pressure));
    case "broken":
      return Promise.resolve(refuse(refusals.broken));
    case "page":
      return Promise.resolve(
        new Response("<!doctype html>", { headers: { "content-type": "text/html" } }),
      );
    case "down":
      return Promise.reject(new TypeError("error sending request: Connection refused"));
    case "hung":
      return new Promise((_, reject) => {
        const { signal } = request;
        signal.addEventListener("abort", () => reject(signal.reason), { once: true });
      });
  }
}
