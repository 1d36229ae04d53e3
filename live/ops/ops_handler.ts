/**
 * The ops routes: health, metrics, publishing and revoking.
 *
 * @module
 */

import { STATUS_CODE } from "@std/http/status";
import type { Topics } from "../directus/flow_trigger.ts";
import type { Cursor, Position } from "../domain/broker.ts";
import type { Refusals } from "../domain/refusal_log.ts";
import type { PublicationInput } from "../domain/publication.ts";
import type { StatusPart, StatusQuery, TopicContent } from "../domain/status.ts";
import type { Change } from "../domain/view_source.ts";
import type { Revoke } from "../session/revoke.ts";
import { jsonError } from "../transport/responses.ts";
import { createBearerCheck } from "./bearer.ts";
import { handleDirectusFlow } from "./directus_flow.ts";
import { type ForeignAnswer, type Health, refusePublishing, respondReadiness } from "./health.ts";
import { answerOperator, type OperatorCall, type Route } from "./operator_call.ts";
import { handlePublish, type Publish } from "./publish.ts";
import { handleRevoke } from "./revoke.ts";
import { statusRoutes } from "./status_routes.ts";

/** The server that the routes operate. */
export interface OperatedServer extends Health {
  /** Appends publications and resolves to their positions. */
  readonly publish: Publish;
  /** Tells all instances of a change in Directus, together with publications about it. */
  changed(change: Change, publications: readonly PublicationInput[]): Promise<Position[]>;
  /** Resolves to what an operator sees; without it there is no `/status`. */
  readonly status?: ((query: StatusQuery) => Promise<StatusPart>) | undefined;
  /** Resolves to what a topic holds and what followed a position, with `/status`. */
  readonly content?: ((topic: string, since?: Cursor) => Promise<TopicContent>) | undefined;
  /** Closes connections or checks rights again; without it there is no `/revoke`. */
  readonly revoke?: Revoke | undefined;
}

/** What the ops routes need. */
export interface OpsHandlerOptions {
  /** The server that the routes operate. */
  readonly server: OperatedServer;
  /** Renders the metrics. */
  readonly metrics: { readonly contentType: string; text(): Promise<string> };
  /** Bearer token of the publish and revoke calls; without one they are off. */
  readonly publishToken?: string | undefined;
  /** Tells whether it is Directus that answers. @default {it is} */
  readonly foreignAnswer?: ForeignAnswer;
  /** What the server was started with, for `/status`: no secret. @default {nothing} */
  readonly about?: Readonly<Record<string, unknown>>;
  /** Takes calls with a wrong token or none. @default {silentRefusals} */
  readonly refusals?: Refusals | undefined;
  /** Whether clients can reach the routes, so that `/metrics` needs the token too. @default {false} */
  readonly exposed?: boolean;
  /** Collections behind topics' prefixes, for what Flows publish. @default {none} */
  readonly topics?: Topics;
  /** What a Flow's call puts on item topics: what happened, or the payload too. @default {"none"} */
  readonly flowPayload?: "none" | "all";
}

/** Answers a request for an ops route. Returns `undefined` if the path is none. */
export type OpsHandler = (request: Request) => Promise<Response> | Response | undefined;

/** Creates the handler of the ops routes, for a listener of their own or for any other. */
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
