/**
 * The stand-ins of this folder do what the modules that they stand in for do: these tests pass
 * with either.
 *
 * @module
 */

import { assert, assertEquals, assertRejects, assertStrictEquals, assertThrows } from "@std/assert";
import { ServerSentEventStream } from "@std/http/server-sent-event-stream";
import { STATUS_CODE, STATUS_TEXT } from "@std/http/status";
import { BaseHandler } from "@std/log/base-handler";
import { ConsoleHandler } from "@std/log/console-handler";
import { getLevelName, type LevelName, LogLevelNames, LogLevels } from "@std/log/levels";
import { Logger, LogRecord } from "@std/log/logger";
import { FakeTime, TimeError } from "@std/testing/time";

class ListHandler extends BaseHandler {
  readonly lines: string[] = [];
  log(msg: string): void {
    this.lines.push(msg);
  }
}

Deno.test("assert() and assertThrows() narrow types", () => {
  const found: number | undefined = [1].find((n) => n > 0);
  assert(found !== undefined);
  assertEquals(found.toFixed(1), "1.0");
  const error = assertThrows(
    () => {
      throw new RangeError("too far");
    },
    RangeError,
    "far",
  );
  assertEquals(error.message, "too far");
});

Deno.test("ServerSentEventStream writes events as text", async () => {
  const events = ReadableStream.from([{ event: "message", data: "a\nb", id: 1 }, { comment: "" }]);
  const text = await new Response(events.pipeThrough(new ServerSentEventStream())).text();
  assertEquals(text, "event:message\ndata:a\ndata:b\nid:1\n\n:\n\n");
});

Deno.test("STATUS_CODE and STATUS_TEXT name the statuses", () => {
  assertEquals(STATUS_CODE.ServiceUnavailable, 503);
  assertEquals(STATUS_TEXT[STATUS_CODE.ContentTooLarge], "Content Too Large");
});

Deno.test("LogLevels are in order of severity", () => {
  assertEquals(LogLevelNames, ["NOTSET", "DEBUG", "INFO", "WARN", "ERROR", "CRITICAL"]);
  assertEquals(LogLevelNames.map((name) => LogLevels[name]), [0, 10, 20, 30, 40, 50]);
  assertEquals(getLevelName(LogLevels.WARN), "WARN");
});

Deno.test("Logger lets its own level and above through", () => {
  const handler = new ListHandler("NOTSET");
  const logger = new Logger("test", "WARN", { handlers: [handler] });
  logger.debug("a");
  logger.info("b");
  logger.warn("c");
  logger.error("d");
  logger.critical("e");
  assertEquals(handler.lines, ["WARN c", "ERROR d", "CRITICAL e"]);
});

Deno.test("BaseHandler writes its own level and above", () => {
  const handler = new ListHandler("ERROR");
  const logger = new Logger("test", "DEBUG", { handlers: [handler] });
  logger.warn("a");
  logger.error("b");
  assertEquals(handler.lines, ["ERROR b"]);
});

Deno.test("Logger calls a function as the message only if the level lets it through", () => {
  const handler = new ListHandler("NOTSET");
  const logger = new Logger("test", "INFO", { handlers: [handler] });
  assertEquals(logger.debug(() => "a"), undefined);
  assertEquals(logger.info(() => "b"), "b");
  assertEquals(logger.debug("c"), "c");
  assertEquals(handler.lines, ["INFO b"]);
});

Deno.test("Logger turns what is not a string into text", () => {
  const handler = new ListHandler("NOTSET", { formatter: ({ msg }) => msg });
  const logger = new Logger("test", "INFO", { handlers: [handler] });
  logger.info(1);
  logger.info(null);
  logger.info({ a: "b", c: { d: 2 } });
  assertEquals(handler.lines, ["1", "null", '{"a":"b","c":{"d":2}}']);
});

Deno.test("Logger hands its handlers a record with all fields", () => {
  using time = new FakeTime(1_000);
  const records: LogRecord[] = [];
  const formatter = (record: LogRecord) => {
    records.push(record);
    return "";
  };
  const handlers = [new ListHandler("INFO", { formatter })];
  new Logger("test", "INFO", { handlers }).warn("slow", { ms: 5 }, 6);
  time.tick(1);
  const [record] = records;
  assert(record);
  assertEquals(record.msg, "slow");
  assertEquals(record.args, [{ ms: 5 }, 6]);
  assertEquals(record.datetime.getTime(), 1_000);
  assertEquals(record.level, LogLevels.WARN);
  assertEquals(record.levelName, "WARN");
  assertEquals(record.loggerName, "test");
});

for (const name of ["DEBUG", "WARN", "CRITICAL"] satisfies LevelName[]) {
  Deno.test(`ConsoleHandler formats ${name} without colours if useColors is false`, () => {
    const handler = new ConsoleHandler("NOTSET", { useColors: false });
    const options = { msg: "hi", args: [], level: LogLevels[name], loggerName: "test" };
    assertEquals(handler.format(new LogRecord(options)), `${name} hi`);
  });
}

Deno.test("FakeTime runs timers when they are due, in order", () => {
  using time = new FakeTime(0);
  const ran: string[] = [];
  const run = (name: string) => ran.push(`${name} at ${Date.now()}`);
  setTimeout(run, 20, "late");
  setTimeout(run, 10, "first");
  setTimeout(run, 10, "second");
  setTimeout(run, 30, "never");
  time.tick(9);
  assertEquals(ran, []);
  time.tick(20);
  assertEquals(ran, ["first at 10", "second at 10", "late at 20"]);
  assertEquals(time.now, 29);
});

Deno.test("FakeTime runs timers that a timer set, if they are due", () => {
  using time = new FakeTime(0);
  const ran: number[] = [];
  setTimeout(() => {
    setTimeout(() => ran.push(Date.now()), 5);
    setTimeout(() => ran.push(Date.now()), 0);
  }, 10);
  time.tick(15);
  assertEquals(ran, [10, 15]);
});

Deno.test("FakeTime repeats an interval until it is cleared", () => {
  using time = new FakeTime(0);
  const ran: number[] = [];
  const interval = setInterval(() => {
    ran.push(Date.now());
    if (ran.length === 3) clearInterval(interval);
  }, 10);
  time.tick(100);
  assertEquals(ran, [10, 20, 30]);
  assertEquals(time.next(), false);
});

Deno.test("FakeTime never runs a cleared timeout", () => {
  using time = new FakeTime(0);
  let ran = false;
  clearTimeout(setTimeout(() => ran = true, 10));
  clearTimeout(undefined);
  time.tick(10);
  assertEquals(ran, false);
});

Deno.test("FakeTime.next() goes to the next timer", () => {
  using time = new FakeTime(0);
  let ran = 0;
  setTimeout(() => ran++, 10);
  setTimeout(() => ran++, 20);
  assertEquals([time.next(), ran, time.now], [true, 1, 10]);
  assertEquals([time.next(), ran, time.now], [true, 2, 20]);
  assertEquals([time.next(), ran, time.now], [false, 2, 20]);
});

Deno.test("FakeTime.tickAsync() runs microtasks first", async () => {
  using time = new FakeTime(0);
  const ran: string[] = [];
  setTimeout(() => ran.push("timer"), 10);
  Promise.resolve().then(() => ran.push("microtask"));
  await time.tickAsync(10);
  assertEquals(ran, ["microtask", "timer"]);
});

Deno.test("FakeTime stops at a timer that throws", () => {
  using time = new FakeTime(0);
  setTimeout(() => {
    throw new RangeError("no");
  }, 10);
  assertThrows(() => time.tick(20), RangeError, "no");
  assertEquals(time.now, 10);
});

Deno.test("FakeTime moves the current date, and no other date", () => {
  using time = new FakeTime("2000-01-01T00:00:00.000Z");
  time.tick(1_000);
  assertEquals(new Date().toISOString(), "2000-01-01T00:00:01.000Z");
  assertEquals(new Date(5).getTime(), 5);
  assertEquals(Date.UTC(1970, 0, 1), 0);
  assert(new Date() instanceof Date);
  assertEquals(time.start, 946_684_800_000);
});

Deno.test("FakeTime moves AbortSignal.timeout()", () => {
  using time = new FakeTime(0);
  const signal = AbortSignal.timeout(10);
  time.tick(9);
  assertEquals(signal.aborted, false);
  time.tick(1);
  assertEquals(signal.aborted, true);
  assertEquals(signal.reason.name, "TimeoutError");
});

Deno.test("FakeTime cannot go back or start twice", () => {
  using time = new FakeTime(10);
  assertThrows(() => time.now = 9, RangeError);
  assertThrows(() => new FakeTime(), TimeError);
});

Deno.test("FakeTime restores the globals", () => {
  const before = [Date, setTimeout, clearTimeout, setInterval, clearInterval, AbortSignal.timeout];
  {
    using _time = new FakeTime(0);
  }
  const after = [Date, setTimeout, clearTimeout, setInterval, clearInterval, AbortSignal.timeout];
  before.forEach((value, index) => assertStrictEquals(after[index], value));
});

Deno.test("FakeTime.restoreFor() restores the globals during a call", async () => {
  const { setTimeout } = globalThis;
  using _time = new FakeTime(0);
  const fake = globalThis.setTimeout;
  await FakeTime.restoreFor(() => assertStrictEquals(globalThis.setTimeout, setTimeout));
  assertEquals(globalThis.setTimeout === setTimeout, false);
  assertEquals(fake === setTimeout, false);
  await assertRejects(
    () => FakeTime.restoreFor(() => Promise.reject(new RangeError())),
    RangeError,
  );
  assertEquals(Date.now(), 0);
});
