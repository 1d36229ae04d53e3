/**
 * The users of the stand-in, and what they may read of their own record.
 *
 * @module
 */

import type { StandInUser } from "./options.ts";

interface Account {
  readonly user: StandInUser;
  password: string;
  suspended: boolean;
}

/** Users by id and by email. */
export class Users {
  readonly #accounts = new Map<string, Account>();

  /** Creates the table of users, all of them active. */
  constructor(users: readonly StandInUser[]) {
    for (const user of users) {
      this.#accounts.set(user.id, { user, password: user.password, suspended: false });
    }
  }

  /**
   * Returns the id of the user with this id or email.
   *
   * @throws {TypeError} If there is no such user.
   */
  idOf(idOrEmail: string): string {
    const account = this.#find(idOrEmail);
    if (!account) throw new TypeError(`Cannot find a user '${idOrEmail}'`);
    return account.user.id;
  }

  /** Returns the user with this id, unless they are suspended or deleted. */
  active(id: string): StandInUser | undefined {
    const account = this.#accounts.get(id);
    return account && !account.suspended ? account.user : undefined;
  }

  /** Returns the user of a login; `undefined` if it is wrong or the user is suspended. */
  logIn(email: string, password: string): StandInUser | undefined {
    const account = this.#find(email);
    return account && account.password === password && !account.suspended
      ? account.user
      : undefined;
  }

  /** Returns the id of the user with a static token. */
  idOfToken(token: string): string | undefined {
    return this.#accounts.values().find(({ user }) => user.token === token)?.user.id;
  }

  /** Suspends a user, or takes that back. */
  setSuspended(idOrEmail: string, suspended: boolean): void {
    this.#account(idOrEmail).suspended = suspended;
  }

  /** Changes a user's password. */
  setPassword(idOrEmail: string, password: string): void {
    this.#account(idOrEmail).password = password;
  }

  /** Deletes a user. */
  remove(idOrEmail: string): void {
    this.#accounts.delete(this.idOf(idOrEmail));
  }

  #find(idOrEmail: string): Account | undefined {
    return this.#accounts.get(idOrEmail) ??
      this.#accounts.values().find(({ user }) => user.email === idOrEmail);
  }

  #account(idOrEmail: string): Account {
    const account = this.#find(idOrEmail);
    if (!account) throw new TypeError(`Cannot find a user '${idOrEmail}'`);
    return account;
  }
}

/** Returns what `/users/me` shows a user: without app access, only the `id`. */
export function ownRecord(user: StandInUser, fields?: readonly string[]): Record<string, unknown> {
  const { id, email, role = null, first_name = null, last_name = null } = user;
  if (user.appAccess === false) return { id };
  const record: Record<string, unknown> = {
    id,
    first_name,
    last_name,
    email,
    role,
    status: "active",
  };
  for (const hidden of user.hiddenFields ?? []) delete record[hidden];
  if (!fields || fields.length === 0 || fields.includes("*")) return record;
  const asked = Object.entries(record).filter(([name]) => fields.includes(name));
  const expanded = fields.some((field) => field.startsWith("role.")) && record.role !== undefined;
  return {
    ...Object.fromEntries(asked),
    ...(expanded ? { role: role === null ? null : { id: role } } : {}),
  };
}
