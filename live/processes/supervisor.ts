/**
 * Several server processes that look like one.
 *
 * @module
 */

import { STATUS_CODE } from "@std/http/status";
import type { Logger } from "../domain/logger.ts";
import { createHostCheck } from "../ops/host_check.ts";
import type { Listener } from "../transport/kept_listener.ts";
import { listen, takeFreePort } from "../transport/listener.ts";
import { jsonError } from "../transport/responses.ts";
import { joinExpositions } from "./exposition.ts";
import { Member, type Spawn } from "./member.ts";
import { SteadyCounters } from "./steady_counters.ts";

/** Options of a supervisor. */
export interface SupervisorOptions {
  /** Number of processes. */
  readonly count: number;
  /** Starts a process. */
  readonly spawn: Spawn;
  /** Returns a free port. @default {takeFreePort} */
  readonly freePort?: () => number;
  /** Host of the ops listener that stands for all. */
  readonly host: string;
  /** Its port; 0 takes a free one. */
  readonly port: number;
  /** Names that requests may have as `Host`, beside its own and addresses. @default {none} */
  readonly allowedHosts?: ReadonlySet<string>;
  /** Logs starts and ends of processes. */
  readonly logger: Logger;
}

/** Headers that are passed on to a process. */
const PASSED_ON = ["authorization", "content-type", "content-length"];

/** When to try again while no process answers, in seconds. */
const RETRY_AFTER_S = "5";

/**
 * Starts processes, restarts those that end, and answers for all on one ops listener: it is ready if
 * all are, joins their metrics, and passes every other call on to one of them in turn.
 */
export class Supervisor {
  readonly #options: SupervisorOptions;
  readonly #members: readonly Member[];
  /** Of each member. */
  readonly #counters: readonly SteadyCounters[];
  #listener: Listener | undefined;
  #turn = 0;

  /** Creates a supervisor; nothing is started yet. */
  constructor(options: SupervisorOptions) {
    const { count, spawn, freePort = takeFreePort, logger } = options;
    this.#options = options;
    this.#members = Array.from(
      { length: count },
      (_, index) => new Member({ index, spawn, freePort, logger }),
    );
    this.#counters = this.#members.map(() => new SteadyCounters());
  }

  /**
   * Starts all processes; resolves once they answer. If one ends before, all are stopped.
   *
   * @returns The exit code of the one that ended, if any did.
   * @throws {Deno.errors.AddrInUse} If the port is taken; nothing is started then.
   */
  async start(): Promise<number | undefined> {
    const { host, port, allowedHosts = new Set(), logger, count } = this.#options;
    const checkHost = createHostCheck(host, allowedHosts);
    const handle = (request: Request) => checkHost(request) ?? this.#handle(request);
    this.#listener = listen("ops listener", { host, port, handle, logger });
    const { addr } = this.#listener;
    logger.info("ops listener started", { host: addr.hostname, port: addr.port, processes: count });
    const codes = await Promise.all(this.#members.map((member) => member.start()));
    const code = codes.find((code) => code !== undefined);
    if (code !== undefined) await this.stop();
    else logger.info("processes started", { processes: count });
    return code;
  }

  /** Drains and ends all processes, then stops listening. */
  async stop(): Promise<void> {
    await Promise.all(this.#members.map((member) => member.stop()));
    await this.#listener?.shutdown();
  }

  async #handle(request: Request): Promise<Response> {
    const path = URL.parse(request.url)?.pathname ?? "";
    if (request.method === "GET" || request.method === "HEAD") {
      if (path === "/healthz") return Response.json({ status: "ok" });
      if (path === "/readyz") return await this.#readyz();
      if (path === "/metrics") return await this.#metrics();
    }
    return await this.#passOn(request, path);
  }

  async #readyz(): Promise<Response> {
    const answers = await this.#askAll("/readyz");
    const told = answers.find(({ ok }) => !ok) ?? answers[0] ?? unavailable();
    await Promise.all(answers.map(({ body }) => body === told.body ? undefined : body?.cancel()));
    return told;
  }

  async #metrics(): Promise<Response> {
    const answers = await this.#askAll("/metrics");
    const texts = await Promise.all(answers.map((answer) => answer.text()));
    const contentType = answers.find(({ ok }) => ok)?.headers.get("content-type");
    if (!contentType) return unavailable();
    const steady = this.#counters.flatMap((counters, index) => {
      if (!answers[index]?.ok) return [counters.all()];
      const text = texts[index] ?? "";
      counters.add(text);
      return [text, counters.former()];
    });
    return new Response(joinExpositions(steady), { headers: { "content-type": contentType } });
  }

  #askAll(path: string): Promise<Response[]> {
    const ask = async (member: Member) => await member.ask(path) ?? unavailable();
    return Promise.all(this.#members.map(ask));
  }

  /** Passes a call on to one process. It may be carried out without an answer, so it is not retried. */
  async #passOn(request: Request, path: string): Promise<Response> {
    const { method, body } = request;
    const headers = new Headers();
    for (const name of PASSED_ON) {
      const value = request.headers.get(name);
      if (value !== null) headers.set(name, value);
    }
    const member = this.#members[this.#turn++ % this.#members.length];
    return await member?.ask(path, { method, headers, body }) ?? unavailable();
  }
}

function unavailable(): Response {
  return jsonError(STATUS_CODE.ServiceUnavailable, "A process of the server does not answer", {}, {
    "retry-after": RETRY_AFTER_S,
  });
}
