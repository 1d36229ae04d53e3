/**
 * Policies and permissions as Directus stores them, and what follows from them for a user.
 *
 * @module
 */

/** A filter of a query or of a permission. */
export type Filter = Readonly<Record<string, unknown>>;

/** One permission to read a collection. */
export interface StandInPermission {
  /** Primary key. */
  readonly id: number;
  /** Primary key of the policy that it belongs to. */
  readonly policy: string;
  /** The collection. */
  readonly collection: string;
  /** The rule that rows must meet; empty for all rows. */
  readonly permissions: Filter;
  /** The fields that it grants; `*` for all. */
  readonly fields: readonly string[];
}

/** One policy. */
export interface StandInPolicy {
  /** Primary key. */
  readonly id: string;
  /** Whether it grants everything. */
  readonly admin_access?: boolean;
  /** Whether it gives access to Directus's app. */
  readonly app_access?: boolean;
  /** Addresses that it is limited to. */
  readonly ip_access?: readonly string[] | null;
}

/** The owner of a policy: a role, a user or, with neither, the public. */
export interface StandInAccess {
  /** Primary key of the policy. */
  readonly policy: string;
  /** Primary key of the role, or `null`. */
  readonly role: string | null;
  /** Primary key of the user, or `null`. */
  readonly user: string | null;
}

/** One role. */
export interface StandInRole {
  /** Primary key. */
  readonly id: string;
  /** Primary key of the parent. */
  readonly parent?: string | null;
}

/** Whose rights are meant. */
export interface Person {
  /** Primary key of the user; `null` for the public. */
  readonly user: string | null;
  /** Primary key of the role that the session has. */
  readonly role: string | null;
  /** The user's own row, for `$CURRENT_USER.<field>`. */
  readonly row: Readonly<Record<string, unknown>>;
}

/** Rows that a permission shows, and the fields that it grants of them. */
export type Case = Pick<StandInPermission, "permissions" | "fields">;

/** What `GET /permissions/me` says of one collection. */
interface Grant {
  readonly access: "full" | "partial";
  readonly fields: readonly string[];
}

/** What an administrator may read. */
const EVERYTHING: readonly Case[] = [{ permissions: {}, fields: ["*"] }];

/** The tables of rights. Tests change them. */
export class Rights {
  /** Policies. */
  readonly policies: StandInPolicy[] = [];
  /** The owner of the policies. */
  readonly access: StandInAccess[] = [];
  /** Roles. */
  readonly roles: StandInRole[] = [];
  /** Permissions to read. */
  readonly permissions: StandInPermission[] = [];

  /** Returns the cases by which a person reads a collection; none if they may not. */
  casesOf(person: Person, collection: string): readonly Case[] {
    const policies = this.#policiesOf(person);
    if (policies.some(({ admin_access }) => admin_access)) return EVERYTHING;
    const ids = new Set(policies.map(({ id }) => id));
    return this.permissions.filter((permission) =>
      permission.collection === collection && ids.has(permission.policy)
    );
  }

  /** Returns the `data` of `GET /permissions/me`. */
  grantsOf(person: Person, collections: readonly string[]): Record<string, { read: Grant }> {
    const grants: Record<string, { read: Grant }> = {};
    for (const collection of collections) {
      const cases = this.casesOf(person, collection);
      if (cases.length === 0) continue;
      const isPartial = cases.some(({ permissions }) => Object.keys(permissions).length > 0);
      grants[collection] = {
        read: { access: isPartial ? "partial" : "full", fields: fieldsOf(cases) },
      };
    }
    return grants;
  }

  /** The ids of a role and its ancestors. */
  rolesOf(role: string | null): string[] {
    const found: string[] = [];
    for (let id = role; id !== null && !found.includes(id);) {
      found.push(id);
      id = this.roles.find((row) => row.id === id)?.parent ?? null;
    }
    return found;
  }

  /** A user without a role has the rights of the public. */
  #policiesOf({ user, role }: Person): StandInPolicy[] {
    const roles = this.rolesOf(role);
    const ids = this.access.filter((row) => {
      if (row.user !== null) return row.user === user;
      return row.role === null ? roles.length === 0 : roles.includes(row.role);
    }).map(({ policy }) => policy);
    return this.policies.filter(({ id }) => ids.includes(id));
  }
}

/** Returns the union of the fields that cases grant. */
export function fieldsOf(cases: readonly Case[]): string[] {
  const fields = new Set(cases.flatMap(({ fields }) => fields));
  return fields.has("*") ? ["*"] : [...fields];
}

/** Returns whether a case grants a field. */
export function grantsField({ fields }: Pick<Case, "fields">, field: string): boolean {
  return fields.includes("*") || fields.includes(field);
}
