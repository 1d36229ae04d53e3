/**
 * The status of the server as JSON.
 *
 * @module
 */

import { STATUS_CODE } from "@std/http/status";
import { z } from "zod";
import { BrokerUnavailable, type Cursor } from "../domain/broker.ts";
import type { StatusPart, StatusQuery, Table, TopicContent } from "../domain/status.ts";
import { parseTopic } from "../domain/topic.ts";
import { describeFault } from "../domain/zod_fault.ts";
import { jsonError } from "../transport/responses.ts";
import { type ForeignAnswer, type Health, problemOf, readyState } from "./health.ts";
import { seriesOf } from "./series.ts";

/** The sources of the status. */
export interface StatusSource {
  /** Whether the server can do its work. */
  readonly health: Health;
  /** Tells whether something other than Directus answers. */
  readonly foreignAnswer: ForeignAnswer | undefined;
  /** Renders the metrics. */
  readonly metrics: { text(): Promise<string> };
  /** Settings of the server. They hold no secret. */
  readonly about: Readonly<Record<string, unknown>>;
  /** When the server was started, in milliseconds since 1970. */
  readonly startedAt: number;
  /** Resolves to the tables. */
  readonly status: (query: StatusQuery) => Promise<StatusPart>;
}

/** Rows of a table, at most. */
const MAX_ROWS = 200;

/** Longest text that is searched for. */
const MAX_SEARCH_LENGTH = 256;

const search = z.string().max(MAX_SEARCH_LENGTH).default("");

const parameters = z.object({
  limit: z.coerce.number().int().min(0).max(MAX_ROWS).default(50),
  topics: search,
  topicsBy: z.enum(["rate", "subscribers", "bytes"]).default("rate"),
  connections: search,
  connectionsBy: z.enum(["lag", "unsent", "topics", "newest", "oldest"]).default("lag"),
});

const cursor = z.object({
  epoch: z.string().max(MAX_SEARCH_LENGTH).optional(),
  offset: z.coerce.number().int().nonnegative().optional(),
});

/** No cache may keep the status, because it names users. */
const HEADERS = { "cache-control": "no-store" };

/** Answers `GET /status`. */
export async function respondStatus(request: Request, source: StatusSource): Promise<Response> {
  const parsed = parameters.safeParse(parametersOf(request));
  if (!parsed.success) return jsonError(STATUS_CODE.BadRequest, describeFault(parsed.error));
  const { about, startedAt, health, foreignAnswer, metrics, status } = source;
  const [problem, text, tables] = await Promise.all([
    problemOf(health, foreignAnswer),
    metrics.text(),
    status(parsed.data),
  ]);
  const answer = {
    about,
    startedAt,
    now: Date.now(),
    health: problem ?? readyState(health),
    series: seriesOf(text),
    ...tables,
    topics: withRoundedRates(tables.topics),
    views: withRoundedRates(tables.views),
  };
  return Response.json(answer, { headers: HEADERS });
}

/** Answers `GET /status/topic?topic=…` with what the topic holds, and what followed a position. */
export async function respondContent(
  request: Request,
  contentOf: (topic: string, since?: Cursor) => Promise<TopicContent>,
): Promise<Response> {
  const { topic = "", ...rest } = parametersOf(request);
  // Views hold data that Directus shows only to certain users. The operator's token gives no right to it.
  if (parseTopic(topic) === undefined) {
    return jsonError(STATUS_CODE.BadRequest, "topic must be the name of a topic: <prefix>:<id>");
  }
  const since = cursor.safeParse(rest);
  if (!since.success) return jsonError(STATUS_CODE.BadRequest, describeFault(since.error));
  const { epoch, offset } = since.data;
  const isKnown = epoch !== undefined && offset !== undefined;
  try {
    const content = await contentOf(topic, isKnown ? { epoch, offset } : undefined);
    return Response.json(content, { headers: HEADERS });
  } catch (error) {
    if (!(error instanceof BrokerUnavailable)) throw error;
    return jsonError(STATUS_CODE.ServiceUnavailable, error.message);
  }
}

/** Rounds rates to tenths: further digits of a rate over ten seconds mean nothing. */
function withRoundedRates<Row extends { readonly rate: number }>(table: Table<Row>): Table<Row> {
  const rows = table.rows.map((row) => ({ ...row, rate: Math.round(row.rate * 10) / 10 }));
  return { ...table, rows };
}

function parametersOf({ url }: Request): Record<string, string> {
  return Object.fromEntries(URL.parse(url)?.searchParams ?? []);
}
