/**
 * The members of a view.
 *
 * @module
 */

import { concerns } from "../domain/authority.ts";
import type { Viewer } from "../domain/view_source.ts";

/** Why a session lost a view: its rights changed, or it has no right to the view. */
export type LossReason = "changed" | "forbidden";

/** A subscription to a view. */
export interface ViewMember {
  /** The session that has the view. */
  readonly viewer: Viewer;
  /** Called when the session has lost the view. Nothing more of it may be sent. */
  readonly onLost: (reason: LossReason) => void;
}

/** The sessions that share a view. It is read with the session of one of them. */
export class ViewMembers {
  readonly #members = new Set<ViewMember>();
  /** Members whose rights are being checked again, each with the number of the newest doubt. */
  readonly #unconfirmed = new Map<ViewMember, number>();
  #doubts = 0;

  /** How many there are. */
  get size(): number {
    return this.#members.size;
  }

  /** A copy of all members, so that they can be removed while iterating. */
  get all(): ViewMember[] {
    return [...this.#members];
  }

  /** Whether all members are confirmed: their rights are known to be unchanged. */
  get areConfirmed(): boolean {
    return this.#unconfirmed.size === 0;
  }

  /**
   * The member with whose session the view is read: the newest member, because its credential is the
   * freshest.
   */
  get reader(): ViewMember | undefined {
    return this.all.at(-1);
  }

  /** Returns whether a member has not left. */
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
   * Notes that the rights of all members, or of the members of some users, must be checked again. Returns
   * these members.
   */
  doubt(users?: ReadonlySet<string>): ViewMember[] {
    const doubted = this.all.filter(({ viewer }) => concerns(users, viewer));
    this.#doubts++;
    for (const member of doubted) this.#unconfirmed.set(member, this.#doubts);
    return doubted;
  }

  /** Returns the members of some users whose rights are being checked already. */
  doubted(users: ReadonlySet<string>): ViewMember[] {
    return [...this.#unconfirmed.keys()].filter(({ viewer }) => concerns(users, viewer));
  }

  /**
   * Begins a check of a member's rights. Returns the function to call if they are unchanged. It does
   * nothing if the member was doubted again meanwhile.
   *
   * @param onConfirmed Called when the rights are confirmed.
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
