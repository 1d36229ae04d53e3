/**
 * The routes of the status page.
 *
 * @module
 */

import type { BearerCheck } from "./bearer.ts";
import type { Route } from "./operator_call.ts";
import type { OpsHandlerOptions } from "./ops_options.ts";
import { respondContent, respondStatus } from "./status.ts";
import { statusPage } from "./status_page.ts";

/**
 * Returns the routes: the page, which asks for the token and holds no data, and the data, which need the
 * token. A server without a status has none of these routes.
 */
export function statusRoutes(
  { server, metrics, foreignAnswer, about = {} }: OpsHandlerOptions,
  checkBearer: BearerCheck,
): Record<string, Route> {
  const { status, content } = server;
  if (status === undefined || content === undefined) return {};
  const startedAt = Date.now();
  const source = { health: server, foreignAnswer, metrics, about, startedAt, status };
  const read = (respond: (request: Request) => Promise<Response>): Route => [
    "GET",
    (request) => checkBearer(request, "Reading the status") ?? respond(request),
  ];
  return {
    "/": ["GET", statusPage],
    "/status": read((request) => respondStatus(request, source)),
    "/status/topic": read((request) => respondContent(request, content)),
  };
}
