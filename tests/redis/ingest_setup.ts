/**
 * An ingest on a real Redis, and its stream.
 *
 * @module
 */

import { assert } from "@std/assert";
import { Ingest } from "../../live/redis/ingest.ts";
import { RecordingLogger, RecordingMetrics } from "../support/recorders.ts";
import { BOUNDS, type RedisServer } from "./setup.ts";

/** Name of the stream. */
export const STREAM = "updates";

/** An ingest that remembers what it counted and logged. */
export class TestIngest extends Ingest implements AsyncDisposable {
  /** What it logged. */
  readonly logger: RecordingLogger;
  /** What it counted. */
  readonly metrics: RecordingMetrics;

  private constructor(url: string, instanceId: string) {
    const logger = new RecordingLogger();
    const metrics = new RecordingMetrics();
    super({ ...BOUNDS, url, stream: STREAM, instanceId, logger, metrics });
    this.logger = logger;
    this.metrics = metrics;
  }

  /** Creates an ingest that does not read yet. */
  static create({ url }: RedisServer, instanceId = "test"): TestIngest {
    return new TestIngest(url, instanceId);
  }

  /** Creates an ingest that begins to read. */
  static start(redis: RedisServer, instanceId = "test"): TestIngest {
    const ingest = TestIngest.create(redis, instanceId);
    ingest.start();
    return ingest;
  }

  /** Resolves once it has told what became of so many entries. */
  results(count: number): Promise<void> {
    return this.metrics.until(({ ingests }) => ingests.length >= count);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop();
  }
}

/** Adds an entry to the stream and returns its id. */
export async function add(redis: RedisServer, ...fields: readonly string[]): Promise<string> {
  return String(await redis.command("XADD", STREAM, "*", ...fields));
}

/** Returns how many entries of the stream were read and not acknowledged. */
export async function pendingOf(redis: RedisServer): Promise<number> {
  const summary = await redis.command("XPENDING", STREAM, "live");
  assert(Array.isArray(summary));
  return Number(summary[0]);
}
