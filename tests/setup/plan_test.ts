/**
 * The steps of setup, from a state of Directus.
 *
 * @module
 */

import { assertEquals } from "@std/assert";
import type { Fields, Piece } from "../../live/setup/blueprint.ts";
import { planRemoval, planSetup, type State } from "../../live/setup/plan.ts";

const NOTHING: State = {
  flows: [],
  operations: [],
  policies: [],
  permissions: [],
  users: [],
  access: [],
};

const PIECES: readonly Piece[] = [
  {
    title: "the Flow",
    collection: "flows",
    key: { id: "f" },
    fields: { status: "active", options: { scope: ["a", "b"], type: "action" } },
    initial: { name: "A Flow" },
  },
  {
    title: "its call",
    collection: "operations",
    key: { id: "o" },
    fields: { flow: "f" },
  },
  { title: "the Flow", collection: "flows", key: { id: "f" }, fields: { operation: "o" } },
  {
    title: "the permission",
    collection: "permissions",
    key: { policy: "p", collection: "c" },
    fields: { fields: ["*"], permissions: {} },
  },
];

const FLOW: Fields = {
  id: "f",
  name: "Renamed",
  status: "active",
  options: { type: "action", scope: ["b", "a"] },
  operation: "o",
};
const ALL: State = {
  ...NOTHING,
  flows: [FLOW],
  operations: [{ id: "o", flow: "f" }],
  permissions: [{ id: 7, policy: "p", collection: "c", fields: ["*"], permissions: null }],
};

Deno.test("planSetup() creates what is missing, and completes it", () => {
  assertEquals(planSetup(PIECES, NOTHING), [
    {
      text: "create the Flow",
      method: "POST",
      path: "/flows",
      body: {
        name: "A Flow",
        id: "f",
        status: "active",
        options: { scope: ["a", "b"], type: "action" },
      },
    },
    { text: "create its call", method: "POST", path: "/operations", body: { id: "o", flow: "f" } },
    { text: "complete the Flow", method: "PATCH", path: "/flows/f", body: { operation: "o" } },
    {
      text: "create the permission",
      method: "POST",
      path: "/permissions",
      body: { policy: "p", collection: "c", fields: ["*"], permissions: {} },
    },
  ]);
});

Deno.test("planSetup() has no steps if everything exists, even under other names and in another order", () => {
  assertEquals(planSetup(PIECES, ALL), []);
});

for (
  const [what, change, text, path, body] of [
    [
      "a Flow that was deactivated",
      { flows: [{ ...FLOW, status: "inactive" }] },
      "change status of the Flow",
      "/flows/f",
      {
        status: "active",
      },
    ],
    [
      "a Flow without its call",
      { flows: [{ ...FLOW, operation: null }] },
      "change operation of the Flow",
      "/flows/f",
      {
        operation: "o",
      },
    ],
    [
      "a permission with a rule",
      { permissions: [{ ...ALL.permissions[0], permissions: { id: { _eq: 1 } } }] },
      "change permissions of the permission",
      "/permissions/7",
      { permissions: {} },
    ],
  ] as const
) {
  Deno.test(`planSetup() repairs ${what}`, () => {
    assertEquals<unknown>(planSetup(PIECES, { ...ALL, ...change }), [
      { text, method: "PATCH", path, body },
    ]);
  });
}

Deno.test("planRemoval() deletes each owner once, and no row that is deleted with it", () => {
  assertEquals(planRemoval(PIECES, ALL), [
    { text: "delete the Flow", method: "DELETE", path: "/flows/f" },
  ]);
});

Deno.test("planRemoval() has no steps if nothing exists", () => {
  assertEquals(planRemoval(PIECES, NOTHING), []);
});
