/**
 * The log writes one line per call, whatever the fields hold.
 *
 * @module
 */

import {
  assert,
  assertEquals,
  assertMatch,
  assertNotMatch,
  assertStringIncludes,
} from "@std/assert";
import { FakeTime } from "@std/testing/time";
import type { LogFields, Logger } from "../../live/domain/logger.ts";
import { SessionCookie } from "../../live/domain/session_cookie.ts";
import { createStdLogger, type StdLoggerOptions } from "../../live/telemetry/std_logger.ts";

const FORMATS = ["json", "pretty"] as const;
const LEVELS = ["debug", "info", "warn", "error"] as const;

/** Returns the lines that were written to the console. */
function capture(run: (logger: Logger) => void, options: Partial<StdLoggerOptions> = {}): string[] {
  const written: string[] = [];
  const { log } = console;
  // deno-lint-ignore no-console
  console.log = (...args: unknown[]) => void written.push(args.join(" "));
  try {
    run(createStdLogger({ level: "DEBUG", format: "json", ...options }));
  } finally {
    // deno-lint-ignore no-console
    console.log = log;
  }
  return written;
}

/** Returns the single line of a call. */
function lineOf(fields: LogFields, options: Partial<StdLoggerOptions> = {}): string {
  const lines = capture((logger) => logger.info("hello", fields), options);
  assertEquals(lines.length, 1);
  return lines[0] ?? "";
}

Deno.test("createStdLogger() writes JSON with time, level, message and fields", () => {
  using _time = new FakeTime("2000-01-02T03:04:05.678Z");
  assertEquals(
    lineOf({ count: 2, user: "u" }),
    '{"time":"2000-01-02T03:04:05.678Z","level":"INFO","message":"hello","count":2,"user":"u"}',
  );
});

Deno.test("createStdLogger() writes a pretty line with time, level, message and fields", () => {
  using _time = new FakeTime("2000-01-02T03:04:05.678Z");
  assertEquals(
    lineOf({ count: 2, user: "u" }, { format: "pretty" }),
    '03:04:05.678 INFO  hello count=2 user="u"',
  );
});

Deno.test("createStdLogger() writes a message without fields", () => {
  using _time = new FakeTime(0);
  assertEquals(capture((logger) => logger.warn("hello")), [
    '{"time":"1970-01-01T00:00:00.000Z","level":"WARN","message":"hello"}',
  ]);
  assertEquals(capture((logger) => logger.warn("hello"), { format: "pretty" }), [
    "00:00:00.000 WARN  hello",
  ]);
});

Deno.test("createStdLogger() writes its own fields in every JSON line", () => {
  const lines = capture((logger) => {
    logger.info("a");
    logger.error("b", { x: 1 });
  }, { fields: { instance: "i-1" } });
  const read = lines.map((line) => JSON.parse(line));
  assertEquals(read.map(({ instance }) => instance), ["i-1", "i-1"]);
  assertEquals(read[1].x, 1);
});

Deno.test("createStdLogger() leaves out fields that are undefined", () => {
  assertNotMatch(lineOf({ user: undefined }), /user/);
  assertNotMatch(lineOf({ user: undefined }, { format: "pretty" }), /user/);
});

for (
  const [level, written] of [
    ["DEBUG", ["DEBUG", "INFO", "WARN", "ERROR"]],
    ["INFO", ["INFO", "WARN", "ERROR"]],
    ["WARN", ["WARN", "ERROR"]],
    ["ERROR", ["ERROR"]],
  ] as const
) {
  Deno.test(`createStdLogger() with level ${level} writes ${written.join(", ")}`, () => {
    const lines = capture((logger) => LEVELS.forEach((name) => logger[name]("x")), { level });
    assertEquals(lines.map((line) => JSON.parse(line).level), [...written]);
  });
}

const injections: Record<string, string> = {
  "a line feed": "\n",
  "a carriage return": "\r",
  "a next line": "\u0085",
  "a line separator": "\u2028",
  "a paragraph separator": "\u2029",
  "an escape sequence": "\u001b[2K",
  "a C1 escape": "\u009b2K",
  "a backspace": "\b",
  "a NUL": "\0",
};

/** Characters that end a line or move a terminal's cursor. */
// deno-lint-ignore no-control-regex
const UNSAFE = /[\u0000-\u001f\u007f-\u009f\u2028\u2029]/;

for (const format of FORMATS) {
  for (const [name, text] of Object.entries(injections)) {
    const forged = `x${text}{"level":"ERROR"}`;
    const places: Record<string, (logger: Logger) => void> = {
      "a field": (logger) => logger.info("hello", { topic: forged }),
      "a nested field": (logger) => logger.info("hello", { a: { b: [forged] } }),
      "a field's name": (logger) => logger.info("hello", { [forged]: 1 }),
      "a message": (logger) => logger.info(forged),
      "an error": (logger) => logger.info("hello", { error: new Error(forged) }),
    };
    for (const [place, run] of Object.entries(places)) {
      Deno.test(`createStdLogger() as ${format} cannot be made to forge a line by ${name} in ${place}`, () => {
        const lines = capture(run, { format });
        assertEquals(lines.length, 1);
        assertNotMatch(lines[0] ?? "", UNSAFE);
      });
    }
  }
}

Deno.test("createStdLogger() as json escapes without loss", () => {
  const text = Object.values(injections).join(" x ") + ' " \\ ü 😀';
  assertEquals(JSON.parse(lineOf({ text })).text, text);
});

for (const format of FORMATS) {
  Deno.test(`createStdLogger() as ${format} shows the stack of an error`, () => {
    const line = lineOf({ error: new RangeError("too far") }, { format });
    assertStringIncludes(line, "RangeError: too far\\n    at ");
    assertStringIncludes(line, "std_logger_test.ts:");
  });

  Deno.test(`createStdLogger() as ${format} shows a nested error without a stack`, () => {
    const error = new Error("no stack");
    delete error.stack;
    assertStringIncludes(lineOf({ a: { error } }, { format }), "Error: no stack");
  });

  Deno.test(`createStdLogger() as ${format} shows no session cookie`, () => {
    const cookie = new SessionCookie("session", "s3cr3t");
    const error = Object.assign(new Error(`No ${cookie}`), { cookie });
    const line = lineOf({ cookie, deep: { list: [cookie] }, text: `${cookie}`, error }, { format });
    assertNotMatch(line, /s3cr3t/);
    assertStringIncludes(line, "[cookie]");
  });

  const circular: Record<string, unknown> = { name: "loop" };
  circular["self"] = circular;
  const odd: Record<string, unknown> = {
    "a bigint": 9_007_199_254_740_993n,
    "a circle": circular,
    "a symbol": Symbol("s"),
    "a function": () => 1,
    "null": null,
    "an object that cannot be serialised": {
      toJSON() {
        throw new Error("no");
      },
    },
    "a revoked proxy": revokedProxy(),
  };
  for (const [name, value] of Object.entries(odd)) {
    Deno.test(`createStdLogger() as ${format} writes a field that holds ${name}`, () => {
      const line = lineOf({ before: 1, value, after: 2 }, { format });
      assertStringIncludes(line, "hello");
      assertMatch(line, format === "json" ? /"before":1.*"after":2/ : /before=1.*after=2/);
      if (format === "json") assert(JSON.parse(line));
    });
  }
}

Deno.test("createStdLogger() writes all digits of a bigint, as text", () => {
  assertEquals(JSON.parse(lineOf({ offset: 9_007_199_254_740_993n })).offset, "9007199254740993");
});

function revokedProxy(): unknown {
  const { proxy, revoke } = Proxy.revocable({}, {});
  revoke();
  return proxy;
}

for (const level of LEVELS) {
  Deno.test(`createStdLogger() continues after a line that could not be written at ${level}`, () => {
    const { log } = console;
    const written: string[] = [];
    let isFull = true;
    // deno-lint-ignore no-console
    console.log = (line: string) => {
      if (isFull) throw new Deno.errors.WriteZero("No space left on device");
      written.push(line);
    };
    try {
      const logger = createStdLogger({ level: "DEBUG", format: "json" });
      logger[level]("lost");
      isFull = false;
      logger[level]("written");
    } finally {
      // deno-lint-ignore no-console
      console.log = log;
    }
    assertEquals(written.map((line) => JSON.parse(line).message), ["written"]);
  });
}
