/**
 * Testing whether Directus reaches Live, by a temporary Flow.
 *
 * Only Directus itself knows which addresses it may call, and the token that it puts into a template.
 *
 * @module
 */

import { z } from "zod";
import type { ApiAnswer, DirectusApi } from "../setup/directus_api.ts";
import type { FlowCall } from "./flow_list.ts";

/** The result of a call that Directus made. */
export interface TrialResult {
  /** Status of Live's answer, or 0 if there was none. */
  readonly status: number;
  /** The `error` of Live's answer, or an empty text. */
  readonly error: string;
  /** Why there was no answer, or an empty text. */
  readonly reason: string;
}

/** Name of the Flow, for people who see it: in the log of Directus, or if the doctor was killed. */
const NAME = "Live doctor: trial (may be deleted)";

/** A value that Directus rendered. A missing value becomes the word `undefined`, or null. */
const rendered = z.union([z.string(), z.number().transform(String)]).catch("")
  .transform((text) => text === "undefined" ? "" : text);

const report = z.object({ status: rendered.transform(Number), error: rendered, reason: rendered })
  .catch({ status: 0, error: "", reason: "" });

/**
 * Makes Directus call Live like a Flow, but with a body that changes nothing: once Live has accepted the
 * token, it answers 400.
 *
 * @returns The result, or the answer with which Directus refused the trial.
 */
export async function tryCall(
  { url, headers }: FlowCall,
  api: DirectusApi,
): Promise<TrialResult | ApiAnswer> {
  const flow = crypto.randomUUID(); // the trigger is public while it exists, so its id must be impossible to guess
  const [call, result] = [crypto.randomUUID(), crypto.randomUUID()];
  const position = { position_x: 20, position_y: 1 };
  const steps: readonly Parameters<DirectusApi>[] = [
    ["POST", "/flows", {
      id: flow,
      name: NAME,
      status: "active",
      trigger: "webhook",
      accountability: null,
      options: { method: "POST", async: false, return: "$last" },
    }],
    ["POST", "/operations", {
      ...position,
      id: result,
      flow,
      key: "result",
      name: "Result",
      type: "transform",
      options: { // only these fields: the whole error of Directus contains the headers, with the token
        json: {
          data: {
            status: "{{call.status}}",
            error: "{{call.data.error}}",
            reason: "{{call.message}}",
          },
        },
      },
    }],
    ["POST", "/operations", {
      ...position,
      id: call,
      flow,
      key: "call",
      name: "Call",
      type: "request",
      options: { method: "POST", url, headers, body: "{}" },
      resolve: result,
      reject: result,
    }],
    ["PATCH", `/flows/${flow}`, { operation: call }],
    ["POST", `/flows/trigger/${flow}`, {}],
  ];
  try {
    let answer: ApiAnswer | undefined;
    for (const step of steps) {
      answer = await api(...step);
      if (!answer.ok) return answer;
    }
    return report.parse(answer?.data);
  } finally {
    await api("DELETE", `/flows/${flow}`);
  }
}
