/**
 * Writing lines: their order, and which of them are dropped.
 *
 * @module
 */

import { assertEquals } from "@std/assert";
import { LineWriter } from "../../live/telemetry/line_writer.ts";

/** A sink that can block. */
class Sink {
  /** Everything written so far. */
  text = "";
  /** Bytes per write, at most. */
  maxBytes = Infinity;
  /** Makes writes fail. */
  error: Error | undefined;
  /** Number of writes. */
  writes = 0;
  #gate: PromiseWithResolvers<void> | undefined;

  async write(bytes: Uint8Array): Promise<number> {
    this.writes++;
    await this.#gate?.promise;
    if (this.error !== undefined) throw this.error;
    const taken = bytes.subarray(0, this.maxBytes);
    this.text += new TextDecoder().decode(taken);
    return taken.length;
  }

  /** Blocks writes. */
  block(): void {
    this.#gate = Promise.withResolvers();
  }

  /** Continues writes. */
  unblock(): void {
    this.#gate?.resolve();
    this.#gate = undefined;
  }
}

function setUp(): { sink: Sink; writer: LineWriter; dropped: number[] } {
  const sink = new Sink();
  const dropped: number[] = [];
  const writer = new LineWriter({ sink, onDropped: (count) => dropped.push(count) });
  return { sink, writer, dropped };
}

Deno.test("LineWriter writes lines in order, those of one turn together", async () => {
  const { sink, writer } = setUp();
  writer.write("a");
  writer.write("b");
  await writer.flush();
  writer.write("c");
  await writer.flush();
  assertEquals([sink.text, sink.writes], ["a\nb\nc\n", 2]);
});

Deno.test("LineWriter continues after a partial write", async () => {
  const { sink, writer } = setUp();
  sink.maxBytes = 3;
  writer.write("zwölf");
  await writer.flush();
  assertEquals(new TextEncoder().encode("zwölf\n").length, 7);
  assertEquals(sink.writes, 3);
});

Deno.test("LineWriter keeps a backlog of 1 MiB, and reports the lines it dropped", async () => {
  const { sink, writer, dropped } = setUp();
  const line = "x".repeat(1_024);
  sink.block();
  for (let i = 0; i < 1_024 + 3; i++) writer.write(line);
  assertEquals(dropped, []);
  sink.unblock();
  await writer.flush();
  assertEquals([sink.text.length, dropped], [1_024 * 1_025, [3]]);
  writer.write("after");
  await writer.flush();
  assertEquals(sink.text.slice(-6), "after\n");
});

Deno.test("LineWriter drops lines that cannot be written, and reports them later", async () => {
  const { sink, writer, dropped } = setUp();
  sink.error = new Error("No space left on device");
  writer.write("a");
  writer.write("b");
  await writer.flush();
  assertEquals([sink.text, dropped], ["", []]);
  sink.error = undefined;
  writer.write("c");
  await writer.flush();
  assertEquals([sink.text, dropped], ["c\n", [2]]);
});

Deno.test("LineWriter.flush() resolves at once without a backlog", async () => {
  const { writer, sink } = setUp();
  await writer.flush();
  assertEquals(sink.writes, 0);
});
