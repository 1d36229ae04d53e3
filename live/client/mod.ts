/**
 * The client: a connection to the live server that reconnects automatically and resumes where it
 * stopped. For browsers, Deno, and Node.js from version 22.
 *
 * The live server serves it, as one file without dependencies, at `/live/client.js`.
 *
 * @example Keep the newest message of each key.
 * ```ts ignore
 * import { connect } from "https://live.example.com/live/client.js";
 *
 * const live = connect("wss://live.example.com");
 * const positions = new Map();
 * live.subscribe("event:42", {
 *   onStart: ({ recovered }) => recovered || positions.clear(),
 *   onMessage: ({ key, data, removed }) =>
 *     removed ? positions.delete(key) : positions.set(key, data),
 * });
 * ```
 *
 * @example Follow a list.
 * ```ts ignore
 * live.view("events", { fields: ["id", "title"], sort: ["-starts_at"], limit: 50 }, {
 *   onChange: (rows) => render(rows),
 * });
 * ```
 *
 * @module
 */

import { LiveClient } from "./live_client.ts";
import type { AnyPayloads, ConnectOptions, Live } from "./types.ts";
import type { AnySchema } from "./view_types.ts";

export { LiveError } from "./error.ts";
export {
  type Refresh,
  type RefreshableClient,
  refreshAt,
  type RefreshOptions,
  refreshWith,
} from "./refresh.ts";
export type {
  AnyPayloads,
  ConnectOptions,
  DataMessage,
  Live,
  LiveState,
  Message,
  PayloadOf,
  RemovalMessage,
  Start,
  SubscribeOptions,
  Subscription,
  Welcome,
} from "./types.ts";
export type { FieldFunction, FieldTypes, JsonValue } from "./row_types.ts";
export type {
  AnySchema,
  Checked,
  FieldPath,
  ItemOf,
  RowOf,
  View,
  ViewOptions,
  ViewQuery,
} from "./view_types.ts";

/**
 * Connects to a live server, and reconnects whenever the connection breaks.
 *
 * @typeParam Schema The items of the project's collections, as for Directus's SDK.
 * @typeParam Payloads The payloads of topics, by prefix.
 * @param url Address of the live listener, with `wss:` or `ws:`.
 * @param options How to connect.
 * @returns The connection, which is being established.
 * @throws {TypeError} If the address is not a URL.
 */
export function connect<Schema = AnySchema, Payloads = AnyPayloads>(
  url: string,
  options: ConnectOptions = {},
): Live<Schema, Payloads> {
  return new LiveClient<Schema, Payloads>(url, options, { page: globalThis, random: Math.random });
}
