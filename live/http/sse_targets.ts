/**
 * Reading the targets of a stream of server-sent events from its URL.
 *
 * @module
 */

import { STATUS_CODE } from "@std/http/status";
import type { SubscribeRequest } from "../domain/messages.ts";
import { parseTopic } from "../domain/topic.ts";
import { canonicalText, readViewQuery } from "../domain/view_query.ts";
import { emptyResponse, jsonError } from "../transport/responses.ts";

/** A topic or a view of a stream. */
export interface StreamTarget {
  /** The topic's name, or the `id` of the view's request. */
  readonly key: string;
  /** The request that subscribes to it. */
  readonly request: SubscribeRequest;
}

/** Bounds of a URL. */
export interface StreamBounds {
  /** Topics and views per stream. */
  readonly maxTopics: number;
  /** Rows of one view. */
  readonly viewMaxRows: number;
}

/**
 * Reads the topics and views of a request for a stream, each once, in the URL's order. A view's request has
 * an `id`: its index among the URL's views. The answer repeats it, so that the client knows which topic
 * carries which view.
 *
 * @returns The targets, or the response to a malformed request.
 */
export function readTargets(
  { method, url }: Request,
  bounds: StreamBounds,
): StreamTarget[] | Response {
  if (method !== "GET") return emptyResponse(STATUS_CODE.MethodNotAllowed, { allow: "GET" });
  const targets = new Map<string, StreamTarget>();
  let views = 0;
  for (const [name, value] of URL.parse(url)?.searchParams ?? []) {
    if (name !== "topic" && name !== "view") continue;
    const read = name === "topic" ? readTopic(value) : readView(value, views++, bounds);
    if (read instanceof Response) return read;
    const [identity, target] = read;
    if (!targets.has(identity)) targets.set(identity, target);
    if (targets.size > bounds.maxTopics) {
      return badRequest(`URL must name at most ${bounds.maxTopics} topics and views`);
    }
  }
  return targets.size > 0
    ? [...targets.values()]
    : badRequest("URL must name a topic: ?topic=<prefix>:<id>");
}

type Read = readonly [identity: string, target: StreamTarget] | Response;

function readTopic(topic: string): Read {
  if (parseTopic(topic) === undefined) {
    return badRequest("Topic must be <prefix>:<id>, its id the key of one item", { topic });
  }
  return [topic, { key: topic, request: { type: "subscribe", topic } }];
}

function readView(text: string, index: number, { viewMaxRows }: StreamBounds): Read {
  const view = parseJson(text);
  if (view === undefined) return badRequest("View must be JSON", { view: index });
  const query = readViewQuery(view, viewMaxRows);
  if (typeof query === "string") return badRequest(query, { view: index });
  const id = String(index);
  return [canonicalText(query), { key: id, request: { type: "subscribe", view, id } }];
}

function badRequest(message: string, more: Readonly<Record<string, unknown>> = {}): Response {
  return jsonError(STATUS_CODE.BadRequest, message, more);
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
