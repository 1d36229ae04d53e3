/**
 * One connection for all components of a page, whatever their framework. The entry points for React,
 * Vue and Svelte follow its stores.
 *
 * @example Follow a topic without a framework.
 * ```ts ignore
 * import { createLive } from "@live/client/shared";
 *
 * const live = createLive("wss://live.example.com");
 * const topic = live.topic("event:42");
 * const leave = topic.subscribe(() => render(topic.get().items));
 * ```
 *
 * @module
 */

import { connect } from "../mod.ts";
import { LiveStores } from "./live_stores.ts";
import type { RegisteredSchema, SharedLive, SharedOptions } from "./types.ts";

export { LiveError } from "../error.ts";
export type * from "../row_types.ts";
export type * from "../types.ts";
export type * from "../view_types.ts";
export type * from "./types.ts";

/**
 * Creates the connection of a page. It connects when the first component needs it; so creating it does
 * nothing, not even on a server that renders the page.
 *
 * @typeParam Schema The items of the project's collections, as for Directus's SDK.
 * @param url Address of the live listener, with `wss:` or `ws:`.
 * @param options How to connect.
 * @throws {TypeError} If the address is not a URL.
 */
export function createLive<Schema = RegisteredSchema>(
  url: string,
  options: SharedOptions = {},
): SharedLive<Schema> {
  const { href } = new URL(url);
  return new LiveStores((onState) =>
    connect(href, {
      ...options,
      onState: (state) => {
        onState(state);
        options.onState?.(state);
      },
    })
  ) as SharedLive<Schema>;
}
