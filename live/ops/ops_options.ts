/**
 * What the ops routes operate, and what they need.
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
  /** Resolves to what an operator sees; without it there is no `/status`. */
  readonly status?: ((query: StatusQuery) => Promise<StatusPart>) | undefined;
  /** Resolves to what a topic holds and what followed a position, with `/status`. */
  readonly content?: ((topic: string, since?: Cursor) => Promise<TopicContent>) | undefined;
  /** Closes connections or checks rights again; without it there is no `/revoke`. */
  readonly revoke?: Revoke | undefined;
}

/** What the ops routes need. */
export interface OpsHandlerOptions {
  /** The server that the routes operate. */
  readonly server: OperatedServer;
  /** Renders the metrics. */
  readonly metrics: { readonly contentType: string; text(): Promise<string> };
  /** Bearer token of the publish and revoke calls; without one they are off. */
  readonly publishToken?: string | undefined;
  /** Tells whether it is Directus that answers. @default {it is} */
  readonly foreignAnswer?: ForeignAnswer;
  /** What the server was started with, for `/status`: no secret. @default {nothing} */
  readonly about?: Readonly<Record<string, unknown>>;
  /** Takes calls with a wrong token or none. @default {silentRefusals} */
  readonly refusals?: Refusals | undefined;
  /** Whether clients can reach the routes, so that `/metrics` needs the token too. @default {false} */
  readonly exposed?: boolean;
  /** Collections behind topics' prefixes, for what Flows publish. @default {none} */
  readonly topics?: Topics;
  /** What a Flow's call puts on item topics: what happened, or the payload too. @default {"none"} */
  readonly flowPayload?: "none" | "all";
}
