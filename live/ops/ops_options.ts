/**
 * The server that the ops routes operate, and their options.
 *
 * @module
 */

import type { Topics } from "../directus/flow_trigger.ts";
import type { Cursor, Position } from "../domain/broker.ts";
import type { PublicationInput } from "../domain/publication.ts";
import type { Refusals } from "../domain/refusal_log.ts";
import type { StatusPart, StatusQuery, TopicContent } from "../domain/status.ts";
import type { Change } from "../domain/view_source.ts";
import type { Revoke } from "../session/revoke.ts";
import type { ForeignAnswer, Health } from "./health.ts";
import type { Publish } from "./publish.ts";

/** The server that the routes operate. */
export interface OperatedServer extends Health {
  /** Appends publications and resolves to their positions. */
  readonly publish: Publish;
  /** Tells all instances of a change in Directus, together with publications about it. */
  changed(change: Change, publications: readonly PublicationInput[]): Promise<Position[]>;
  /** Resolves to the tables of the status page; without this method there is no `/status`. */
  readonly status?: ((query: StatusQuery) => Promise<StatusPart>) | undefined;
  /** Resolves to what a topic holds, and what followed a position; needed together with `status`. */
  readonly content?: ((topic: string, since?: Cursor) => Promise<TopicContent>) | undefined;
  /** Closes connections or checks rights again; without this method there is no `/revoke`. */
  readonly revoke?: Revoke | undefined;
}

/** What the ops routes need. */
export interface OpsHandlerOptions {
  /** The server that the routes operate. */
  readonly server: OperatedServer;
  /** Renders the metrics. */
  readonly metrics: { readonly contentType: string; text(): Promise<string> };
  /** Bearer token of the publish and revoke calls; without a token they are off. */
  readonly publishToken?: string | undefined;
  /** Tells whether something other than Directus answers. @default {it does not} */
  readonly foreignAnswer?: ForeignAnswer;
  /** Settings of the server, for `/status`. They must hold no secret. @default {none} */
  readonly about?: Readonly<Record<string, unknown>>;
  /** Takes calls with a wrong token, or without a token. @default {silentRefusals} */
  readonly refusals?: Refusals | undefined;
  /** Whether clients can reach the routes, so that `/metrics` needs the token too. @default {false} */
  readonly exposed?: boolean;
  /** Collections behind topics' prefixes, for what Flows publish. @default {none} */
  readonly topics?: Topics;
  /**
   * What is published on item topics for a Flow's call: only the event, or the payload too.
   *
   * @default {"none"}
   */
  readonly flowPayload?: "none" | "all";
}
