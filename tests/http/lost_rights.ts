/**
 * Which rights were taken away and then revoked, so that nothing may be delivered by them any more.
 *
 * @module
 */

import { coversTopic, type Revocation } from "../../live/domain/revocation.ts";

/** Rights are the name of a user, or a user and a topic: `ada event:1`. */
export class LostRights {
  readonly #denied: Set<string>;
  /** Rights that were denied and then revoked, and how much was published by then. */
  readonly #lost = new Map<string, number>();
  /** How often rights had changed when each of them last did. */
  readonly #changedAt = new Map<string, number>();
  #changes = 0;

  /** @param denied What Directus denies; changes with the rights. */
  constructor(denied: Set<string>) {
    this.#denied = denied;
  }

  /** Takes a right away, or gives it back. */
  change(right: string): void {
    this.#lost.delete(right);
    this.#changedAt.set(right, ++this.#changes);
    if (!this.#denied.delete(right)) this.#denied.add(right);
  }

  /**
   * Notes what is denied as a revocation begins; the returned function is called once it is done, with
   * how much was published by then. A right that changes meanwhile may or may not be affected.
   */
  losing(revocation: Revocation): (published: number) => void {
    const denied = [...this.#denied].filter((right) => concerns(revocation, right));
    const changes = this.#changes;
    return (published) => {
      for (const right of denied) {
        if ((this.#changedAt.get(right) ?? 0) <= changes) this.#lost.set(right, published);
      }
    };
  }

  /** Returns how much was published when a user lost a topic; infinite if that did not happen. */
  lostAt(user: string, topic: string): number {
    const rights = [user, `${user} ${topic}`].map((right) => this.#lost.get(right) ?? Infinity);
    return Math.min(...rights);
  }
}

function concerns(revocation: Revocation, right: string): boolean {
  const [user = "", topic] = right.split(" ");
  if ("user" in revocation) return topic === undefined && revocation.user.includes(user);
  return "topic" in revocation && topic !== undefined && coversTopic(revocation.topic, topic);
}
