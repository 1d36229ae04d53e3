/**
 * The static token with which Live reads rights.
 *
 * @module
 */

import { z } from "zod";
import { USER } from "./blueprint.ts";
import { bearer, createDirectusApi } from "./directus_api.ts";
import type { HttpCall } from "./http_call.ts";
import type { State, Step } from "./plan.ts";
import { RefusedError } from "./state.ts";

/** The step that gives the user its token, and the token if it is new. */
export interface TokenPlan {
  /** One step, or none if the user has its token. */
  readonly steps: readonly Step[];
  /** A token that nobody knows yet. */
  readonly newToken?: string;
}

/** Random bytes of a new token: as many as no one can guess. */
const TOKEN_BYTES = 32;

const me = z.object({ id: z.string() });

/**
 * Plans the token: the configured one, or a new one if there is none. A token that the user has and
 * that is not configured stays, because somebody may use it.
 *
 * @throws {RefusedError} If the configured token belongs to another user.
 */
export async function planToken(
  configured: string | undefined,
  state: State,
  baseUrl: string,
  call: HttpCall,
): Promise<TokenPlan> {
  if (configured === undefined) {
    const hasToken = (state.users[0]?.["token"] ?? null) !== null; // Directus masks it
    if (hasToken) return { steps: [] };
    const newToken = crypto.getRandomValues(new Uint8Array(TOKEN_BYTES))
      .toBase64({ alphabet: "base64url", omitPadding: true });
    return { steps: [tokenStep(newToken)], newToken };
  }
  const api = createDirectusApi({ baseUrl, call, headers: bearer(configured) });
  const owner = me.safeParse((await api("GET", "/users/me?fields=id")).data).data?.id;
  if (owner === USER) return { steps: [] };
  if (owner === undefined) return { steps: [tokenStep(configured)] };
  throw new RefusedError(
    "DIRECTUS_TOKEN belongs to a user that setup did not make. Keep it and check it with " +
      "live doctor, or unset it and run setup again",
  );
}

function tokenStep(token: string): Step {
  return {
    text: 'set the token of the user "Live server"',
    method: "PATCH",
    path: `/users/${USER}`,
    body: { token },
  };
}
