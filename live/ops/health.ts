/**
 * Whether the server can do its work, for load balancers and publishers.
 *
 * @module
 */

import { STATUS_CODE } from "@std/http/status";
import { jsonError } from "../transport/responses.ts";

/** Whether a server takes clients. */
export type Readiness = "ready" | "starting" | "draining";

/** The health of a server. */
export interface Health {
  /** Whether it takes clients. */
  readonly readiness: Readiness;
  /** Why it cannot publish although it is ready; `undefined` while it can. */
  readonly trouble: string | undefined;
  /**
   * Why some topics cannot be used although others can. `/readyz` reports it with 200, because the other
   * instances have the same problem. @default {none}
   */
  readonly partialTrouble?: string | undefined;
  /**
   * Why it should get no more clients although it works; `undefined` while it may get more. `/readyz`
   * reports it, but the server refuses nothing.
   */
  readonly strain: string | undefined;
}

/** A problem: one word for programs, and a sentence for people. */
export interface Problem {
  /** For programs. */
  readonly status: "starting" | "draining" | "cut off" | "strained" | "not directus";
  /** For people. */
  readonly reason: string;
}

/** When to try again while the server is not ready, in seconds. */
const RETRY_AFTER_S = "5";

/**
 * Resolves to what is wrong with the answer if something other than Directus answers; otherwise to
 * `undefined`.
 */
export type ForeignAnswer = () => Promise<string | undefined>;

/** Answers `GET /readyz`: 200, with what is degraded; or 503 with the problem. */
export async function respondReadiness(
  health: Health,
  foreignAnswer?: ForeignAnswer,
): Promise<Response> {
  const problem = await problemOf(health, foreignAnswer);
  if (problem === undefined) return Response.json(readyState(health));
  return Response.json(problem, {
    status: STATUS_CODE.ServiceUnavailable,
    headers: { "retry-after": RETRY_AFTER_S },
  });
}

/** Resolves to the worst problem of a server; `undefined` if it has none. */
export async function problemOf(
  health: Health,
  foreignAnswer?: ForeignAnswer,
): Promise<Problem | undefined> {
  return publishProblem(health) ?? strainProblem(health) ?? foreignProblem(await foreignAnswer?.());
}

/** Returns the 503 for a publish call that cannot be carried out now; `undefined` if it can. */
export function refusePublishing(health: Health): Response | undefined {
  const problem = publishProblem(health);
  return problem && jsonError(STATUS_CODE.ServiceUnavailable, problem.reason, {}, {
    "retry-after": RETRY_AFTER_S,
  });
}

/** Returns the state of a server without a problem. */
export function readyState(
  { partialTrouble: reason }: Health,
): { status: string; reason?: string } {
  return reason === undefined ? { status: "ready" } : { status: "degraded", reason };
}

function publishProblem({ readiness, trouble }: Health): Problem | undefined {
  if (readiness !== "ready") return { status: readiness, reason: `server is ${readiness}` };
  return trouble === undefined ? undefined : { status: "cut off", reason: trouble };
}

function strainProblem({ strain }: Health): Problem | undefined {
  return strain === undefined ? undefined : { status: "strained", reason: strain };
}

function foreignProblem(fault: string | undefined): Problem | undefined {
  if (fault === undefined) return undefined;
  const reason = `the last answer from DIRECTUS_BASE_URL is not Directus's: ${fault}`;
  return { status: "not directus", reason };
}
