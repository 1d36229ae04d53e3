/**
 * An ingest on a real Redis, and its stream.
 *
 * @module
 */

import { assert } from "@std/assert";
import { Ingest } from "../../live/redis/ingest.ts";
import type { RecordingLogger } from "../support/recording_logger.ts";
import type { RecordingMetrics } from "../support/recording_metrics.ts";
import type { RedisServer } from "../support/redis_server.ts";
import { BOUNDS } from "./setup.ts";
import { type Address, TestLink } from "./test_link.ts";

/** Name of the ingest stream. */
export const STREAM = "updates";

/** An ingest with a log and metrics that a test can wait for. */
export class TestIngest extends Ingest implements AsyncDisposable {
  readonly link: TestLink;
  readonly logger: RecordingLogger;
  readonly metrics: RecordingMetrics;

  constructor(address: Address, instanceId = "test") {
    const link = new TestLink(address);
    const { logger, metrics } = link;
    super({ ...BOUNDS, link, stream: STREAM, instanceId, logger, metrics });
    this.link = link;
    this.logger = logger;
    this.metrics = metrics;
  }

  override start(): void {
    this.link.start();
    super.start();
  }

  override async stop(): Promise<void> {
    await super.stop();
    await this.link.stop();
  }

  /** Creates an ingest that starts to read. */
  static start(address: Address, instanceId?: string): TestIngest {
    const ingest = new TestIngest(address, instanceId);
    ingest.start();
    return ingest;
  }

  /** Resolves once it has reported the results of `count` entries. */
  results(count: number): Promise<void> {
    return this.metrics.until(({ ingests }) => ingests.length >= count);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop();
  }
}

/** Adds an entry to the ingest stream and returns its id. */
export async function add(redis: RedisServer, ...fields: readonly string[]): Promise<string> {
  return String(await redis.command("XADD", STREAM, "*", ...fields));
}

/** Returns how many entries of the ingest stream were read and not acknowledged. */
export async function pendingOf(redis: RedisServer): Promise<number> {
  const summary = await redis.command("XPENDING", STREAM, "live");
  assert(Array.isArray(summary));
  return Number(summary[0]);
}

/** Resolves once every entry of the ingest stream that was read is acknowledged. */
export async function settled(redis: RedisServer): Promise<void> {
  while (await pendingOf(redis) > 0);
}
