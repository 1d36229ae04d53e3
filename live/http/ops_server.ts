/**
 * The ops listener: health, metrics and publishing.
 *
 * @module
 */

import { STATUS_CODE } from "@std/http/status";
import type { Position, Publication } from "../domain/broker.ts";
import type { Logger } from "../domain/logger.ts";
import { hasBearer } from "./bearer.ts";
import { jsonError } from "./responses.ts";
import { listen, type Listener } from "./listener.ts";
import { handlePublish } from "./publish.ts";

/** What state the server is in, for `/readyz`. */
export type Readiness = "ready" | "starting" | "draining";

/** What the ops listener works with. */
export interface OpsServerDeps {
  /** Host to listen on. */
  readonly host: string;
  /** Port to listen on; 0 takes a free one. */
  readonly port: number;
  /** Bearer of the publish call; without one publishing is off. */
  readonly publishToken?: string | undefined;
  /** Tells the server's state. */
  readonly readiness: () => Readiness;
  /** Tells why a server that is ready cannot do its work all the same. @default {nothing} */
  readonly trouble?: () => string | undefined;
  /** Exposes the metrics. */
  readonly metrics: { readonly contentType: string; text(): Promise<string> };
  /** Appends publications and resolves to their positions. */
  readonly publish: (publications: readonly Publication[]) => Promise<Position[]>;
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

/** Creates the ops listener. It listens to nothing before {@linkcode OpsServer.start}. */
export function createOpsServer(deps: OpsServerDeps): OpsServer {
  let listener: Listener | undefined;

  const routes: Record<
    string,
    [method: string, (request: Request) => Promise<Response> | Response]
  > = {
    "/healthz": ["GET", () => Response.json({ status: "ok" })],
    "/readyz": ["GET", () => readyz(deps)],
    "/metrics": ["GET", async () =>
      new Response(await deps.metrics.text(), {
        headers: { "content-type": deps.metrics.contentType },
      })],
    "/publish": ["POST", (request) => publish(request, deps)],
  };

  async function handle(request: Request): Promise<Response> {
    const path = URL.parse(request.url)?.pathname ?? ""; // a Host that is none makes it no URL
    const route = Object.hasOwn(routes, path) ? routes[path] : undefined;
    if (route === undefined) return jsonError(STATUS_CODE.NotFound, "No such route");
    const [method, respond] = route;
    if (request.method !== method && !(method === "GET" && request.method === "HEAD")) {
      return jsonError(STATUS_CODE.MethodNotAllowed, `Use ${method}`, {}, { allow: method });
    }
    return await respond(request);
  }

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

/** Returns why nothing can be published now, with a word for programs; `undefined` if it can. */
function obstacle(deps: OpsServerDeps): { status: string; reason: string } | undefined {
  const status = deps.readiness();
  if (status !== "ready") return { status, reason: `server is ${status}` };
  const reason = deps.trouble?.();
  return reason === undefined ? undefined : { status: "cut off", reason };
}

function readyz(deps: OpsServerDeps): Response {
  const found = obstacle(deps);
  return found === undefined ? Response.json({ status: "ready" }) : Response.json(found, {
    status: STATUS_CODE.ServiceUnavailable,
    headers: { "retry-after": RETRY_AFTER_S },
  });
}

async function publish(request: Request, deps: OpsServerDeps): Promise<Response> {
  const { publishToken } = deps;
  if (publishToken === undefined || !hasBearer(request, publishToken)) {
    const message = publishToken === undefined
      ? "Publishing is off: LIVE_PUBLISH_TOKEN is not set"
      : "Authorization must carry the publish token as bearer";
    return jsonError(STATUS_CODE.Unauthorized, message, {}, { "www-authenticate": "Bearer" });
  }
  const found = obstacle(deps);
  if (found !== undefined) {
    return jsonError(STATUS_CODE.ServiceUnavailable, found.reason, {}, {
      "retry-after": RETRY_AFTER_S,
    });
  }
  return await handlePublish(request, deps.publish);
}
