/**
 * Traces, by Deno's own OpenTelemetry: `OTEL_DENO=true` records a span for each request and each call
 * to Directus. This adds what Deno cannot know. Without that variable all of it does nothing.
 *
 * @module
 */

import { trace } from "@opentelemetry/api";
import type { LogFields } from "../domain/logger.ts";
import type { Metrics } from "../domain/metrics.ts";

const tracer = trace.getTracer("live");

/** Returns the fields by which a line of the log belongs to the trace under way, if there is one. */
export function traceFields(): LogFields {
  const context = trace.getActiveSpan()?.spanContext();
  return context === undefined ? {} : { trace_id: context.traceId, span_id: context.spanId };
}

/**
 * Returns metrics that also record each broadcast as a span: a child of the publish call that it
 * began with, from the moment that this was in the log until the last subscriber was reached.
 */
export function traceBroadcasts<T extends Metrics>(metrics: T): T {
  return {
    ...metrics,
    broadcast(elapsedMs) {
      metrics.broadcast(elapsedMs);
      const end = Date.now();
      tracer.startSpan("broadcast", { startTime: end - elapsedMs }).end(end);
    },
  };
}
