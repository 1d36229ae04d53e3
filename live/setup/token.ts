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

/** The step that gives setup's user its token, and the token if it is new. */
export interface TokenPlan {
  /** Whether the token belongs to another user, so that setup needs to make none. */
  readonly isForeign: boolean;
  /** One step, or none if the user has its token. */
  readonly steps: readonly Step[];
  /** The new token, if there is one. Directus does not show it again. */
  readonly newToken?: string;
}

/** Random bytes of a new token: 256 bits, which cannot be guessed. */
const TOKEN_BYTES = 32;

const me = z.object({ id: z.string() });

/**
 * Plans the token: the configured one, or a new one if there is none. If the user has a token that is not
 * configured, it stays, because something else may use it.
 */
export async function planToken(
  configured: string | undefined,
  state: State,
  baseUrl: string,
  call: HttpCall,
): Promise<TokenPlan> {
  if (configured === undefined) {
    const hasToken = (state.users[0]?.["token"] ?? null) !== null; // Directus masks it
    if (hasToken) return { isForeign: false, steps: [] };
    const newToken = crypto.getRandomValues(new Uint8Array(TOKEN_BYTES))
      .toBase64({ alphabet: "base64url", omitPadding: true });
    return { isForeign: false, steps: [tokenStep(newToken)], newToken };
  }
  const api = createDirectusApi({ baseUrl, call, headers: bearer(configured) });
  const owner = me.safeParse((await api("GET", "/users/me?fields=id")).data).data?.id;
  if (owner === undefined) return { isForeign: false, steps: [tokenStep(configured)] };
  return { isForeign: owner !== USER, steps: [] };
}

function tokenStep(token: string): Step {
  return {
    text: 'set the token of the user "Live server"',
    method: "PATCH",
    path: `/users/${USER}`,
    body: { token },
  };
}
