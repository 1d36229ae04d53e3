/**
 * The administrator on whose behalf a command works.
 *
 * @module
 */

import { type CommandContext, CommandVariable } from "../terminal/command.ts";
import { type ApiAnswer, bearer, createDirectusApi, type DirectusApi } from "./directus_api.ts";
import { readGlobals } from "./directus_api.ts";
import type { HttpCall } from "./http_call.ts";

/** The API on behalf of an administrator, or why there is none. */
export type Admin =
  | { readonly ok: true; readonly api: DirectusApi }
  | { readonly ok: false; readonly reason: string };

const { AdminToken: ADMIN_TOKEN } = CommandVariable;

/** Returns the API on behalf of the administrator whose token the environment holds, or asks for it. */
export async function askForAdmin(
  { env, terminal }: Pick<CommandContext, "env" | "terminal">,
  baseUrl: string,
  call: HttpCall,
): Promise<Admin> {
  const token = env[ADMIN_TOKEN] ||
    await terminal.askSecret("Static token of a Directus administrator");
  return token ? await adminOf(token, baseUrl, call) : { ok: false, reason: NO_TOKEN };
}

/** Returns the API on behalf of the administrator with this token. */
export async function adminOf(token: string, baseUrl: string, call: HttpCall): Promise<Admin> {
  if (!/^[!-~]+$/.test(token)) {
    return { ok: false, reason: "The token contains characters that a token cannot have" };
  }
  const api = createDirectusApi({ baseUrl, call, headers: bearer(token) });
  const read = await readGlobals(api);
  if (!read.ok) return { ok: false, reason: reasonOf(read.answer) };
  if (!read.globals.admin_access) {
    return { ok: false, reason: `${ADMIN_TOKEN} belongs to a user who is no administrator` };
  }
  return { ok: true, api };
}

const NO_TOKEN =
  `${ADMIN_TOKEN} is not set. Generate a token on an administrator's page in Directus`;

function reasonOf({ status, reason }: ApiAnswer): string {
  switch (status) {
    case 0:
      return `Directus cannot be reached: ${reason}`;
    case 401:
    case 403:
      return `Directus does not know the token in ${ADMIN_TOKEN}`;
    case 404:
      return "What answers is not Directus, or is older than Directus 11, which has no policies";
    default:
      return `Directus answers the administrator's token with: ${reason}`;
  }
}
