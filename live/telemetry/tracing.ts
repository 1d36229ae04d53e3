/**
 * Traces on top of Deno's own OpenTelemetry: with `OTEL_DENO=true` Deno records a span for each request and
 * each call to Directus, and this module adds broadcasts. Without that variable nothing is recorded.
 *
 * @module
 */

import { trace } from "@opentelemetry/api";
import type { LogFields } from "../domain/logger.ts";
import type { Metrics } from "../domain/metrics.ts";

const tracer = trace.getTracer("live");

/** Returns whether traces are recorded, which needs `OTEL_DENO=true`. */
export function isTracing(): boolean {
  const span = tracer.startSpan("start");
  const isRecorded = span.isRecording();
  span.end();
  return isRecorded;
}

/** Returns the log fields that name the active trace; no fields without a trace. */
export function traceFields(): LogFields {
  const context = trace.getActiveSpan()?.spanContext();
  return context === undefined ? {} : { trace_id: context.traceId, span_id: context.spanId };
}

/**
 * Wraps metrics so that each broadcast is also recorded as a span: a child of its first publish call,
 * from the append to the log until the last subscriber was reached.
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
