/**
 * The members of a view.
 *
 * @module
 */

import type { Viewer } from "../domain/view_source.ts";

/** Why a session may not have a view any more: its rights changed, or it has none. */
export type LossReason = "changed" | "forbidden";

/** A subscription to a view. */
export interface ViewMember {
  /** The session that looks at it. */
  readonly viewer: Viewer;
  /** Called when the session may not have this view any more; nothing more of it may be sent. */
  readonly onLost: (reason: LossReason) => void;
}

/** The sessions that share a view, and which of them it can be read with. */
export class ViewMembers {
  readonly #members = new Set<ViewMember>();
  /** Members whose rights are being checked again, each with the number of the newest doubt. */
  readonly #unconfirmed = new Map<ViewMember, number>();
  #doubts = 0;

  /** How many there are. */
  get size(): number {
    return this.#members.size;
  }

  /** All members, safe to remove while iterating. */
  get all(): ViewMember[] {
    return [...this.#members];
  }

  /** Whether the rights of all members are known to be what they were. */
  get areConfirmed(): boolean {
    return this.#unconfirmed.size === 0;
  }

  /** The member whose session reads: the last that came, as its credential is the freshest. */
  get reader(): ViewMember | undefined {
    return this.all.at(-1);
  }

  /** Returns whether a member is one still. */
  has(member: ViewMember): boolean {
    return this.#members.has(member);
  }

  /** Adds a member. */
  add(member: ViewMember): void {
    this.#members.add(member);
  }

  /** Removes a member; returns whether there was one. */
  delete(member: ViewMember): boolean {
    this.#unconfirmed.delete(member);
    return this.#members.delete(member);
  }

  /**
   * Notes that the rights of all members, or of some users, have to be checked again; returns these
   * members.
   */
  doubt(users?: ReadonlySet<string>): ViewMember[] {
    const doubted = this.all.filter(({ viewer }) =>
      users === undefined || (viewer.user !== null && users.has(viewer.user.id))
    );
    this.#doubts++;
    for (const member of doubted) this.#unconfirmed.set(member, this.#doubts);
    return doubted;
  }

  /**
   * Begins a check of a member's rights. Returns what to call if they are what they were; it has no effect if
   * the member was doubted again meanwhile.
   *
   * @param onConfirmed Called when they are.
   */
  check(member: ViewMember, onConfirmed: () => void): () => void {
    const doubt = this.#unconfirmed.get(member);
    return () => {
      if (doubt !== this.#unconfirmed.get(member)) return;
      this.#unconfirmed.delete(member);
      onConfirmed();
    };
  }
}
