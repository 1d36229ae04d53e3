/**
 * Authentication of clients that are already connected.
 *
 * @module
 */

import type { Registry } from "../connection/registry.ts";
import type { Entrance } from "../directus_protocol/identity.ts";
import type { Authority } from "../domain/authority.ts";
import { CloseCode } from "../domain/close_codes.ts";
import { PUBLIC } from "../domain/credential.ts";
import type { Refusals } from "../domain/refusal_log.ts";
import { REVOKED_REASON } from "../session/revoke.ts";
import type { Admission } from "./admission.ts";
import { type RefusalName, refusals } from "./refusal.ts";

/** What authenticating needs. */
export interface EntranceOptions {
  /** Checks credentials and limits. */
  readonly admission: Admission;
  /** Identifies users. Without an authority no client can authenticate. */
  readonly authority: Authority | undefined;
  /** Counts connections by user. */
  readonly registry: Registry;
  /** Whether clients may connect as the public. */
  readonly admitsPublic: boolean;
  /** Takes refusals that an operator may want to know of. */
  readonly refusals: Refusals;
}

/** What the log shows in place of cookies' names if a client neither had a cookie nor sent a token. */
const NO_AUTH = "none, and no auth message";

/** Creates the entrance, which checks credentials as they are checked before an upgrade. */
export function createEntrance(
  { admission, authority, registry, admitsPublic, refusals: log }: EntranceOptions,
): Entrance {
  return {
    admitsPublic,
    noteNoAuth: () => log.note("cookie", NO_AUTH),
    async enter(connection, credential) {
      const isPublic = credential === PUBLIC;
      if (authority === undefined && !isPublic) return notEntered("unauthorized");
      const answer = authority === undefined || isPublic
        ? await admission.admitGuest(credential, true)
        : await admission.authenticate(authority, credential, connection);
      if (answer.kind === "refused") return notEntered(answer.name);
      const { user, isRevoked, keepPlace, releaseReservation } = answer;
      return {
        kind: "entered",
        apply() {
          registry.identify(connection, user, credential, keepPlace());
          releaseReservation();
          if (isRevoked()) connection.end(CloseCode.Revoked, REVOKED_REASON);
        },
      };
    },
  };
}

function notEntered(name: RefusalName): Awaited<ReturnType<Entrance["enter"]>> {
  const { code, reason } = refusals[name];
  return { kind: "refused", isBad: name === "unauthorized", close: [code, reason] };
}
