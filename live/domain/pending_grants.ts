/**
 * Handshakes in flight, which a revocation must not miss.
 *
 * @module
 */

import type { User } from "./authority.ts";
import { canonicalKey } from "./item_key.ts";

/** A handshake in flight. */
export interface PendingGrant {
  /** Returns whether a user was revoked since the handshake began. */
  isRevoked(user: User | null): boolean;
  /** Ends it, when the connection has opened or never will. */
  end(): void;
}

/**
 * Remembers who was revoked while a handshake waited, for Directus or for its socket to open. Its user
 * is unknown until Directus has answered, and the answer may be older than the revocation.
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
  /** The users who were revoked since each began. */
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
