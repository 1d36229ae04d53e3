/**
 * Tests of writing lines: their order, and what becomes of them if nobody reads.
 *
 * @module
 */

import { assertEquals } from "@std/assert";
import { LineWriter } from "../../live/telemetry/line_writer.ts";

/** Takes what is written, when it is told to. */
class Sink {
  /** What was written. */
  text = "";
  /** How many bytes a write takes at most. */
  most = Infinity;
  /** What writes fail with, if they do. */
  error: Error | undefined;
  /** How many writes there were. */
  writes = 0;
  #gate: PromiseWithResolvers<void> | undefined;

  async write(bytes: Uint8Array): Promise<number> {
    this.writes++;
    await this.#gate?.promise;
    if (this.error !== undefined) throw this.error;
    const taken = bytes.subarray(0, this.most);
    this.text += new TextDecoder().decode(taken);
    return taken.length;
  }

  /** Takes nothing from now on. */
  hold(): void {
    this.#gate = Promise.withResolvers();
  }

  /** Takes all again. */
  letGo(): void {
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

Deno.test("LineWriter writes lines in their order, those of one turn together", async () => {
  const { sink, writer } = setUp();
  writer.write("a");
  writer.write("b");
  await writer.flush();
  writer.write("c");
  await writer.flush();
  assertEquals([sink.text, sink.writes], ["a\nb\nc\n", 2]);
});

Deno.test("LineWriter goes on where a write stopped", async () => {
  const { sink, writer } = setUp();
  sink.most = 3;
  writer.write("zwölf");
  await writer.flush();
  assertEquals(new TextEncoder().encode("zwölf\n").length, 7);
  assertEquals(sink.writes, 3);
});

Deno.test("LineWriter holds a mebibyte for who does not read, and tells what it dropped", async () => {
  const { sink, writer, dropped } = setUp();
  const line = "x".repeat(1_024);
  sink.hold();
  for (let i = 0; i < 1_024 + 3; i++) writer.write(line);
  assertEquals(dropped, []);
  sink.letGo();
  await writer.flush();
  assertEquals([sink.text.length, dropped], [1_024 * 1_025, [3]]);
  writer.write("after");
  await writer.flush();
  assertEquals(sink.text.slice(-6), "after\n");
});

Deno.test("LineWriter drops what cannot be written, and tells when lines are written again", async () => {
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

Deno.test("LineWriter.flush() resolves at once if nothing waits", async () => {
  const { writer, sink } = setUp();
  await writer.flush();
  assertEquals(sink.writes, 0);
});
