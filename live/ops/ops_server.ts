/**
 * The ops listener: health, metrics, publishing and revoking.
 *
 * @module
 */

import { STATUS_CODE } from "@std/http/status";
import type { Logger } from "../domain/logger.ts";
import type { Revoke } from "../session/revoke.ts";
import { createBearerCheck } from "./bearer.ts";
import type { Topics } from "../directus/flow_trigger.ts";
import { handleDirectusFlow } from "./directus_flow.ts";
import { jsonError } from "../transport/responses.ts";
import { listen, type Listener } from "../transport/listener.ts";
import { answerOperator, type OperatorCall, refuseBearer } from "./operator_call.ts";
import { handlePublish, type Publish } from "./publish.ts";
import { handleRevoke } from "./revoke.ts";

/** What state the server is in, for `/readyz`. */
export type Readiness = "ready" | "starting" | "draining";

/** What the ops routes work with. */
export interface OpsHandlerDeps {
  /** Whether anybody may reach them, so that metrics need the bearer as well. @default {false} */
  readonly exposed?: boolean;
  /** Bearer of the publish and revoke calls; without one they are off. */
  readonly publishToken?: string | undefined;
  /** Tells the server's state. */
  readonly readiness: () => Readiness;
  /** Tells why a server that is ready cannot do its work all the same. @default {nothing} */
  readonly trouble?: () => string | undefined;
  /**
   * Tells why a server that does its work should get no more clients: `/readyz` says so, and nothing
   * else is refused.
   *
   * @default {nothing}
   */
  readonly strain?: () => string | undefined;
  /** Exposes the metrics. */
  readonly metrics: { readonly contentType: string; text(): Promise<string> };
  /** Appends publications and resolves to their positions. */
  readonly publish: Publish;
  /** Collections behind topics' prefixes, for what Flows publish. @default {none} */
  readonly topics?: Topics;
  /** Takes away what the operator says; without it there is no such call. */
  readonly revoke?: Revoke | undefined;
}

/** What the ops listener works with. */
export interface OpsServerDeps extends OpsHandlerDeps {
  /** Host to listen on. */
  readonly host: string;
  /** Port to listen on; 0 takes a free one. */
  readonly port: number;
  /** Told of what failed. */
  readonly logger: Logger;
}

/** The ops listener. */
export interface OpsServer {
  /**
   * Starts to listen; resolves to the address once it does.
   *
   * @throws {Deno.errors.AddrInUse} If the port is taken.
   */
  start(): Promise<Deno.NetAddr>;
  /** Stops listening; resolves once no request is left. */
  stop(): Promise<void>;
}

/** When to try again while the server is not ready, in seconds. */
const RETRY_AFTER_S = "5";

type Route = [method: string, respond: (request: Request) => Promise<Response> | Response];

/**
 * Answers a request for one of the ops routes.
 *
 * @returns The answer; `undefined` if it is no such route.
 */
export type OpsHandler = (request: Request) => Promise<Response> | Response | undefined;

/** Creates what answers the ops routes, whichever listener they are on. */
export function createOpsHandler(deps: OpsHandlerDeps): OpsHandler {
  const { publish, topics = new Map(), revoke, publishToken } = deps;
  const hasBearer = publishToken === undefined ? undefined : createBearerCheck(publishToken);
  const publishing = { name: "Publishing", obstacle: () => refusal(deps) };
  const routes: Record<string, Route> = {
    "/healthz": ["GET", () => Response.json({ status: "ok" })],
    "/readyz": ["GET", () => readyz(deps)],
    "/metrics": ["GET", (request) => {
      const mayRead = !deps.exposed || hasBearer?.(request) === true;
      return mayRead ? expose(deps) : refuseBearer("Reading metrics", hasBearer !== undefined);
    }],
    "/publish": operatorRoute({
      ...publishing,
      respond: (body) => handlePublish(body, publish),
    }),
    "/directus": operatorRoute({
      ...publishing,
      respond: (body) => handleDirectusFlow(body, topics, publish),
    }),
    ...(revoke && {
      "/revoke": operatorRoute({
        name: "Revoking",
        respond: (body) => handleRevoke(body, revoke),
      }),
    }),
  };

  function operatorRoute(call: Omit<OperatorCall, "hasBearer">): Route {
    return ["POST", (request) => answerOperator(request, { ...call, hasBearer })];
  }

  return (request) => {
    const path = URL.parse(request.url)?.pathname ?? ""; // a Host that is none makes it no URL
    const route = Object.hasOwn(routes, path) ? routes[path] : undefined;
    if (route === undefined) return undefined;
    const [method, respond] = route;
    if (request.method !== method && !(method === "GET" && request.method === "HEAD")) {
      return jsonError(STATUS_CODE.MethodNotAllowed, `Use ${method}`, {}, { allow: method });
    }
    return respond(request);
  };
}

/** Creates the ops listener. It listens to nothing before {@linkcode OpsServer.start}. */
export function createOpsServer(deps: OpsServerDeps): OpsServer {
  let listener: Listener | undefined;
  const respond = createOpsHandler(deps);
  const handle = (request: Request) =>
    respond(request) ?? jsonError(STATUS_CODE.NotFound, "No such route");

  return {
    // deno-lint-ignore require-await -- what it throws must reject
    async start() {
      if (listener !== undefined) throw new TypeError("Cannot start the ops listener twice");
      listener = listen("ops listener", { ...deps, handle });
      const { hostname: host, port } = listener.addr;
      deps.logger.info("ops listener started", { host, port });
      return listener.addr;
    },
    async stop() {
      await listener?.shutdown();
    },
  };
}

async function expose({ metrics }: OpsHandlerDeps): Promise<Response> {
  return new Response(await metrics.text(), { headers: { "content-type": metrics.contentType } });
}

/** Returns why nothing can be published now, with a word for programs; `undefined` if it can. */
function obstacle(deps: OpsHandlerDeps): { status: string; reason: string } | undefined {
  const status = deps.readiness();
  if (status !== "ready") return { status, reason: `server is ${status}` };
  const reason = deps.trouble?.();
  return reason === undefined ? undefined : { status: "cut off", reason };
}

function readyz(deps: OpsHandlerDeps): Response {
  const strain = deps.strain?.();
  const found = obstacle(deps) ?? (strain && { status: "strained", reason: strain });
  return found === undefined ? Response.json({ status: "ready" }) : Response.json(found, {
    status: STATUS_CODE.ServiceUnavailable,
    headers: { "retry-after": RETRY_AFTER_S },
  });
}

function refusal(deps: OpsHandlerDeps): Response | undefined {
  const found = obstacle(deps);
  return found && jsonError(STATUS_CODE.ServiceUnavailable, found.reason, {}, {
    "retry-after": RETRY_AFTER_S,
  });
}
