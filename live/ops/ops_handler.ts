/**
 * The ops routes: health, metrics, publishing and revoking.
 *
 * @module
 */

import { STATUS_CODE } from "@std/http/status";
import { jsonError } from "../transport/responses.ts";
import { createBearerCheck } from "./bearer.ts";
import { handleDirectusFlow } from "./directus_flow.ts";
import { refusePublishing, respondReadiness } from "./health.ts";
import { answerOperator, type OperatorCall, type Route } from "./operator_call.ts";
import type { OpsHandlerOptions } from "./ops_options.ts";
import { handlePublish, type Publish } from "./publish.ts";
import { handleRevoke } from "./revoke.ts";
import { statusRoutes } from "./status_routes.ts";

/** Answers a request for an ops route. Returns `undefined` for any other path. */
export type OpsHandler = (request: Request) => Promise<Response> | Response | undefined;

/** Creates the handler of the ops routes, for any listener. */
export function createOpsHandler(options: OpsHandlerOptions): OpsHandler {
  const { server, metrics, publishToken, exposed = false, topics = new Map() } = options;
  const { flowPayload = "none", refusals, foreignAnswer } = options;
  const { revoke } = server;
  const checkBearer = createBearerCheck(publishToken, refusals);
  const publish: Publish = (publications) => server.publish(publications);
  const publishing = { name: "Publishing", refuse: () => refusePublishing(server) };

  function operatorRoute(call: Omit<OperatorCall, "checkBearer">): Route {
    return ["POST", (request) => answerOperator(request, { ...call, checkBearer })];
  }

  const routes: Record<string, Route> = {
    "/healthz": ["GET", () => Response.json({ status: "ok" })],
    "/readyz": ["GET", () => respondReadiness(server, foreignAnswer)],
    "/metrics": ["GET", async (request) => {
      const refusal = exposed ? checkBearer(request, "Reading metrics") : undefined;
      if (refusal !== undefined) return refusal;
      const { contentType } = metrics;
      return new Response(await metrics.text(), { headers: { "content-type": contentType } });
    }],
    "/publish": operatorRoute({
      ...publishing,
      respond: (body, request) => handlePublish(body, request, publish),
    }),
    "/directus": operatorRoute({
      ...publishing,
      respond: (body) =>
        handleDirectusFlow(body, {
          topics,
          payload: flowPayload,
          changed: (change, publications) => server.changed(change, publications),
          revoke,
        }),
    }),
    ...statusRoutes(options, checkBearer),
    ...(revoke && {
      "/revoke": operatorRoute({
        name: "Revoking",
        respond: ({ value }) => handleRevoke(value, revoke),
      }),
    }),
  };

  return (request) => {
    const path = URL.parse(request.url)?.pathname ?? ""; // a malformed Host makes a malformed URL
    const route = Object.hasOwn(routes, path) ? routes[path] : undefined;
    if (route === undefined) return undefined;
    const [method, respond] = route;
    if (request.method !== method && !(method === "GET" && request.method === "HEAD")) {
      return jsonError(STATUS_CODE.MethodNotAllowed, `Use ${method}`, {}, { allow: method });
    }
    return respond(request);
  };
}
