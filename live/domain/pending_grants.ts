/**
 * Handshakes in flight, so that revocations do not miss them.
 *
 * @module
 */

import type { User } from "./authority.ts";
import { canonicalKey } from "./item_key.ts";

/** A handshake in flight. */
export interface PendingGrant {
  /** Returns whether a user was revoked since the handshake began. */
  isRevoked(user: User | null): boolean;
  /** Ends the grant. Called when the connection has opened, or cannot open any more. */
  end(): void;
}

/**
 * Remembers the users who were revoked during a handshake. The handshake's own user is unknown until
 * Directus has answered, and the answer may be older than the revocation.
 *
 * @example
 * ```ts
 * import { assert, assertFalse } from "@std/assert";
 * import { PendingGrants } from "./pending_grants.ts";
 *
 * const grants = new PendingGrants();
 * const user = { id: "ada", email: null, role: null, first_name: null, last_name: null };
 * const before = grants.begin();
 * grants.revoke(["ada"]);
 * const after = grants.begin();
 * assert(before.isRevoked(user));
 * assertFalse(after.isRevoked(user));
 * ```
 */
export class PendingGrants {
  /** For each handshake, the users who were revoked since it began. */
  readonly #pending = new Set<Set<string>>();

  /** Begins a handshake, before Directus is asked. */
  begin(): PendingGrant {
    const revoked = new Set<string>();
    this.#pending.add(revoked);
    return {
      isRevoked: (user) => user !== null && revoked.has(canonicalKey(user.id)),
      end: () => {
        this.#pending.delete(revoked);
      },
    };
  }

  /** Revokes users. */
  revoke(userIds: Iterable<string>): void {
    const users = Array.from(userIds, canonicalKey);
    for (const revoked of this.#pending) users.forEach((user) => revoked.add(user));
  }
}
