/**
 * The ops listener: the ops routes on a separate port, which clients cannot reach.
 *
 * @module
 */

import { STATUS_CODE } from "@std/http/status";
import { Lifecycle } from "../domain/lifecycle.ts";
import type { Logger } from "../domain/logger.ts";
import type { KeepOptions, Listener } from "../transport/kept_listener.ts";
import { listen } from "../transport/listener.ts";
import { jsonError } from "../transport/responses.ts";
import { createHostCheck } from "./host_check.ts";
import { createOpsHandler } from "./ops_handler.ts";
import type { OpsHandlerOptions } from "./ops_options.ts";

/** What the ops listener needs. */
export interface OpsServerOptions
  extends OpsHandlerOptions, Pick<KeepOptions, "spares" | "onLost"> {
  /** Host to listen on. */
  readonly host: string;
  /** Port to listen on; 0 takes a free one. */
  readonly port: number;
  /**
   * Names that requests may have as `Host`, in lower case and without a port, beside `host`,
   * localhost names and IP addresses. @default {none}
   */
  readonly allowedHosts?: ReadonlySet<string>;
  /** Logs the start and failed requests. */
  readonly logger: Logger;
}

/** The ops listener. */
export interface OpsServer {
  /**
   * Starts to listen; resolves to the address once it does.
   *
   * @throws {Deno.errors.AddrInUse} If the port is taken.
   * @throws {TypeError} If it was started or stopped before.
   */
  start(): Promise<Deno.NetAddr>;
  /** Stops listening; resolves once the last request is answered. */
  stop(): Promise<void>;
}

/** Creates the ops listener. Nothing listens before {@linkcode OpsServer.start}. */
export function createOpsServer(options: OpsServerOptions): OpsServer {
  const { host, port, allowedHosts = new Set(), refusals, spares, onLost, logger } = options;
  const respond = createOpsHandler(options);
  const checkHost = createHostCheck(host, allowedHosts, refusals);
  let listener: Listener | undefined;
  const lifecycle = new Lifecycle<Deno.NetAddr, void>({
    name: "ops listener",
    // deno-lint-ignore require-await -- a taken port must reject
    async open() {
      listener = listen("ops listener", {
        host,
        port,
        handle: (request) =>
          checkHost(request) ?? respond(request) ??
            jsonError(STATUS_CODE.NotFound, "No such route"),
        spares,
        usesSpares: true,
        onLost,
        logger,
      });
      const { addr } = listener;
      logger.info("ops listener started", { host: addr.hostname, port: addr.port });
      return addr;
    },
    async close() {
      await listener?.shutdown();
    },
  });
  return { start: () => lifecycle.start(), stop: () => lifecycle.stop() };
}
