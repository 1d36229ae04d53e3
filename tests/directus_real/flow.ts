/**
 * Flows of a real Directus, made by its API.
 *
 * @module
 */

import type { RealDirectus } from "./real_directus.ts";
import { headersWith, type Recipe } from "./recipes.ts";
import { type Served, TOKEN } from "./served.ts";

/** What of a recipe is used. */
export type FlowOptions =
  & Pick<Recipe, "scope" | "collections" | "url" | "body">
  & Partial<Pick<Recipe, "condition">>;

/** Creates a Flow that calls a server, which is deleted when it is disposed of. */
export async function createFlow(
  directus: RealDirectus,
  served: Served,
  { scope, collections, url, body, condition }: FlowOptions,
): Promise<AsyncDisposable> {
  const { id: flow } = await directus.admin("POST", "/flows", {
    name: url,
    status: "active",
    trigger: "event",
    options: { type: "action", scope, collections },
  });
  const call = await directus.admin("POST", "/operations", {
    flow,
    name: "call",
    key: "call",
    type: "request",
    position_x: 20,
    position_y: 1,
    options: {
      method: "POST",
      url: url.replace("http://live.example.com:9090", served.ops),
      body,
      headers: headersWith(TOKEN),
    },
  });
  const first = condition === undefined ? call : await directus.admin("POST", "/operations", {
    flow,
    name: "if",
    key: "if",
    type: "condition",
    position_x: 1,
    position_y: 1,
    options: { filter: condition },
    resolve: call.id,
  });
  await directus.admin("PATCH", `/flows/${flow}`, { operation: first.id });
  return { [Symbol.asyncDispose]: () => directus.admin("DELETE", `/flows/${flow}`) };
}
