/**
 * What Live needs in Directus, as rows of Directus's own collections.
 *
 * The ids are fixed, so that a later run finds what an earlier run made, even if it was renamed, and
 * removes nothing else.
 *
 * @module
 */

import { RIGHTS_COLLECTIONS, USERS_COLLECTION } from "../domain/directus_collections.ts";

/** A row that setup makes. */
export interface Piece {
  /** Its name for people. */
  readonly title: string;
  /** System collection of Directus without its prefix, which is also its route in the API. */
  readonly collection: Collection;
  /** Fields by which the row is found. A new row gets them too. */
  readonly key: Fields;
  /** Fields that must have these values. */
  readonly fields: Fields;
  /** Fields of a new row that administrators may change later: names, icons, positions. */
  readonly initial?: Fields;
}

/** Collections that setup writes to, in the order in which rows can be made. */
export type Collection = "flows" | "operations" | "policies" | "permissions" | "users" | "access";

/** Fields of a row. */
export type Fields = Readonly<Record<string, unknown>>;

/** Id of the Flow that publishes changes of items. */
export const ITEMS_FLOW = "4c697665-0000-4000-8000-000000000001";
/** Id of the Flow that reports changes of users and rights. */
export const RIGHTS_FLOW = "4c697665-0000-4000-8000-000000000002";
/** Id of the policy of the token. */
export const POLICY = "4c697665-0000-4000-8000-000000000005";
/** Id of the user whose token it is. */
export const USER = "4c697665-0000-4000-8000-000000000006";

const ITEMS_CALL = "4c697665-0000-4000-8000-000000000003";
const RIGHTS_CALL = "4c697665-0000-4000-8000-000000000004";
const ACCESS = "4c697665-0000-4000-8000-000000000007";

/** Collections whose changes the second Flow reports. */
const REPORTED: readonly string[] = [USERS_COLLECTION, ...RIGHTS_COLLECTIONS];

/** Collections that the token may read in full. */
const READABLE = [
  "directus_permissions",
  "directus_policies",
  "directus_access",
  "directus_roles",
  "directus_relations",
];

/**
 * The fields of users that the token may read: only those that decide about rights, neither names nor
 * addresses.
 */
const USER_FIELDS = ["id", "role", "policies"];

/**
 * Header of the Flows' calls. Directus renders the token from its environment at each run, so the
 * token is neither in the Flow nor in its revisions.
 */
export const AUTHORIZATION = "Bearer {{$env.LIVE_PUBLISH_TOKEN}}";

/**
 * Returns the Flows that publish changes of collections, and report changes of users and rights.
 *
 * @param opsUrl Where Directus reaches the ops listener, without a slash at the end.
 */
export function flowPieces(collections: readonly string[], opsUrl: string): Piece[] {
  const url = `${opsUrl}/directus`;
  return [
    ...flow(ITEMS_FLOW, ITEMS_CALL, "Live: changed items", collections, url),
    ...flow(RIGHTS_FLOW, RIGHTS_CALL, "Live: users and rights", REPORTED, url),
  ];
}

/**
 * Returns the user whose token reads the access rules, and its policy.
 *
 * @param fieldLists Whether permissions may list fields. Without a licence for it, Directus 12
 * ignores every permission that has a list of fields.
 */
export function userPieces(fieldLists: boolean): Piece[] {
  return [
    {
      title: 'the policy "Live: reads rights"',
      collection: "policies",
      key: { id: POLICY },
      fields: { app_access: false, admin_access: false },
      initial: {
        name: "Live: reads rights",
        icon: "visibility",
        description: "Lets the live server find users with equal rights. It reads no items.",
      },
    },
    ...READABLE.map((collection) => permission(collection, ["*"])),
    permission(USERS_COLLECTION, fieldLists ? USER_FIELDS : ["*"]),
    {
      title: 'the user "Live server"',
      collection: "users",
      key: { id: USER },
      fields: { status: "active", role: null },
      initial: {
        first_name: "Live",
        last_name: "server",
        description: "Its static token is DIRECTUS_TOKEN of the live server.",
      },
    },
    {
      title: "the policy of that user",
      collection: "access",
      key: { id: ACCESS },
      fields: { user: USER, policy: POLICY },
    },
  ];
}

/** Returns a Flow that posts each change to the ops listener in the form in which Directus reports it. */
function flow(
  id: string,
  call: string,
  name: string,
  collections: readonly string[],
  url: string,
): Piece[] {
  const title = `the Flow "${name}"`;
  return [
    {
      title,
      collection: "flows",
      key: { id },
      fields: {
        status: "active",
        trigger: "event",
        accountability: null, // no record of each run, which would hold a copy of each change
        options: {
          type: "action",
          scope: ["items.create", "items.update", "items.delete"],
          collections,
        },
      },
      initial: { name, icon: "sensors", description: "Made by live setup." },
    },
    {
      title: `the call of ${title}`,
      collection: "operations",
      key: { id: call },
      fields: {
        flow: id,
        type: "request",
        options: {
          method: "POST",
          url,
          headers: [
            { header: "Authorization", value: AUTHORIZATION },
            { header: "Content-Type", value: "application/json" },
          ],
          body: "{{$trigger}}",
        },
      },
      initial: { name: "Call Live", key: "call_live", position_x: 20, position_y: 1 },
    },
    { title, collection: "flows", key: { id }, fields: { operation: call } },
  ];
}

function permission(collection: string, fields: readonly string[]): Piece {
  return {
    title: `the permission to read ${collection}`,
    collection: "permissions",
    key: { policy: POLICY, collection, action: "read" },
    fields: { fields, permissions: {} },
  };
}
