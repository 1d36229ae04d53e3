/**
 * Tests of the logs that threads follow, while a thread processes nothing.
 *
 * @module
 */

import { assert, assertEquals } from "@std/assert";
import { DEFAULTS } from "../../live/config/defaults.ts";
import { silentMetrics } from "../../live/domain/metrics.ts";
import { Publication } from "../../live/domain/publication.ts";
import { MemoryBroker } from "../../live/history/memory_broker.ts";
import { TopicHost } from "../../live/threads/topic_host.ts";
import { TopicReader } from "../../live/threads/topic_reader.ts";

const TOPIC = "event:1";

/** After this many unconfirmed announcements, a thread gets nothing until it confirms some. */
const MAX_UNCONFIRMED = 16;

/** A topic with two readers. Neither confirms announcements on its own. */
class Setup implements AsyncDisposable {
  readonly broker = new MemoryBroker({ ...DEFAULTS, historySize: 2, metrics: silentMetrics });
  readonly host = new TopicHost({ broker: this.broker, onTopics() {} });
  readonly hung = new TopicReader(this.host, () => {});
  readonly healthy = new TopicReader(this.host, () => {});

  /** Lets both readers follow the topic. One of them confirms nothing, so that it is behind afterwards. */
  static async start(): Promise<Setup> {
    const setup = new Setup();
    await setup.hung.subscribe(TOPIC);
    await setup.healthy.subscribe(TOPIC);
    for (let i = 0; i < MAX_UNCONFIRMED; i++) {
      await setup.publish(i);
      assertEquals(setup.hung.take()?.length, 1);
    }
    return setup;
  }

  /** Publishes, and returns the offsets that the healthy reader gets. */
  async publish(data: unknown): Promise<number[] | undefined> {
    await this.broker.publish([Publication.from({ topic: TOPIC, data })]);
    const told = this.healthy.take()?.[0]?.[1].publications.map(({ offset }) => offset);
    this.healthy.confirm();
    return told;
  }

  /** What the log holds, in bytes. */
  async bytes(): Promise<number> {
    return (await this.broker.open(TOPIC)).measure().bytes;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.hung.leave();
    this.healthy.leave();
    await this.broker.stop();
  }
}

Deno.test("a thread that is behind gets everything once it confirms announcements", async () => {
  await using setup = await Setup.start();
  for (let i = 0; i < 50; i++) await setup.publish(i);
  assertEquals(setup.hung.take(), undefined);

  setup.hung.confirm();

  const [[, announcement] = []] = setup.hung.take() ?? [];
  assertEquals(
    announcement?.publications.map(({ offset }) => offset),
    Array.from({ length: 50 }, (_, i) => MAX_UNCONFIRMED + 1 + i),
  );
});

Deno.test("a thread that hangs does not make a log grow without bound", async () => {
  await using setup = await Setup.start();
  const data = "x".repeat(100_000);
  let most = 0;

  for (let i = 1; i <= 100; i++) {
    assertEquals(await setup.publish(data), [MAX_UNCONFIRMED + i]); // the other reader gets everything
    most = Math.max(most, await setup.bytes());
  }

  assert(most < 4.5 * 1_048_576, `${most} bytes`);
  setup.hung.confirm(); // it resumes, and reads the log again
  const [[, announcement] = []] = setup.hung.take() ?? [];
  assertEquals(announcement, { epoch: "", publications: [] });
  const state = await setup.hung.read(TOPIC, { epoch: "", offset: 0, at: "" }, { fresh: false });
  assertEquals(state.publications.length, 2);
});

Deno.test("a log is also bounded if all threads hang", async () => {
  await using setup = await Setup.start();
  setup.healthy.leave();
  const data = "x".repeat(100_000);

  for (let i = 1; i <= 100; i++) {
    await setup.broker.publish([Publication.from({ topic: TOPIC, data })]);
  }

  assert(await setup.bytes() < 4.5 * 1_048_576);
});

Deno.test("a burst that is larger than the bound reaches all threads that keep up", async () => {
  await using setup = await Setup.start();
  setup.hung.confirm();
  const publication = Publication.from({ topic: TOPIC, data: "x".repeat(100_000) });

  await setup.broker.publish(Array(100).fill(publication));

  for (const reader of [setup.healthy, setup.hung]) {
    assertEquals(reader.take()?.[0]?.[1].publications.length, 100);
  }
});
