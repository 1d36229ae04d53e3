/**
 * Bounds of what a client may send, and message handlers that fail.
 *
 * @module
 */

import { assertEquals } from "@std/assert";
import { silentLogger } from "../../live/domain/logger.ts";
import { silentMetrics } from "../../live/domain/metrics.ts";
import { Inbox } from "../../live/session/inbox.ts";
import { withDefaults } from "../../live/http/live_options.ts";
import type { Session } from "../../live/session/session.ts";
import { cookieOf } from "../support/authorities.ts";
import { createClient } from "../support/fake_client.ts";
import { Client, type Closed } from "../support/client.ts";
import { Opcode, readClose } from "../support/frames.ts";
import type { Live } from "../support/live.ts";
import { testOnEach } from "../support/transports.ts";

const LIMIT = 64;

/** How a message that is too big ends a connection. With `ws` there is no reason. */
function tooBig({ transport }: Live): Closed {
  return { code: 1009, reason: transport === "ws" ? "" : "message too big" };
}

const atTheLimit: Record<string, string | Uint8Array> = {
  "ASCII text": "a".repeat(LIMIT),
  "text with two bytes per character": "é".repeat(LIMIT / 2),
  "text with three bytes per character": `${"€".repeat(21)}a`,
  "text with four bytes per character": "😀".repeat(LIMIT / 4),
  "bytes": new Uint8Array(LIMIT),
};

for (const [name, message] of Object.entries(atTheLimit)) {
  testOnEach(
    `LiveServer accepts a message of the maximum size: ${name}`,
    async (startLive) => {
      await using live = await startLive({ options: { maxMessageBytes: LIMIT } });
      await using client = await live.connect();

      assertEquals((await client.ask(message)).code, "protocol-violation");
    },
  );

  testOnEach(
    `LiveServer closes with 1009 after a message of one byte more: ${name}`,
    async (startLive) => {
      await using live = await startLive({ options: { maxMessageBytes: LIMIT } });
      await using client = await live.connect();

      client.send(typeof message === "string" ? `${message}a` : new Uint8Array(LIMIT + 1));

      assertEquals(await client.outcome(), tooBig(live));
      assertEquals(client.frames.length, 1, "the welcome");
      assertEquals(live.metrics.disconnects, [1009]);
    },
  );
}

testOnEach(
  "LiveServer closes with 1009 after fragments that are too big together",
  async (startLive) => {
    await using live = await startLive({ options: { maxMessageBytes: LIMIT } });
    using client = await live.connectRaw();

    const payload = new Uint8Array(LIMIT / 2).fill(97);
    await client.sendFrame({ opcode: Opcode.Text, payload, fin: false });
    await client.sendFrame({ opcode: Opcode.Continuation, payload, fin: false });
    await client.sendFrame({ opcode: Opcode.Continuation, payload: payload.subarray(0, 1) });

    const frame = await client.frame();
    assertEquals(frame && readClose(frame), tooBig(live));
  },
);

testOnEach("LiveServer ignores messages after one that is too big", async (startLive) => {
  const handled: unknown[] = [];
  await using live = await startLive({
    options: { maxMessageBytes: LIMIT },
    sessions: () => ({ handle: (message) => void handled.push(message), end() {} }),
  });
  await using client = await live.connect();

  client.send("a".repeat(LIMIT + 1));
  client.send({ type: "unsubscribe", topic: "a:1" });

  assertEquals(await client.outcome(), tooBig(live));
  assertEquals(handled, []);
});

testOnEach(
  "LiveServer accepts a burst of messages, and closes with 4429 after one more",
  async (startLive) => {
    await using live = await startLive({
      options: { maxMessagesPerSecond: 1e-9, messageBurst: 3 },
    });
    await using client = await live.connect();

    for (let count = 0; count < 3; count++) {
      assertEquals((await client.ask("?")).code, "protocol-violation");
    }
    client.send("?");

    assertEquals(await client.outcome(), { code: 4429, reason: "too many messages" });
    assertEquals(live.metrics.disconnects, [4429]);
    assertEquals(live.metrics.inbound.invalid, 3);
  },
);

testOnEach(
  "LiveServer answers a ping with its id, and asks the session nothing",
  async (startLive) => {
    const handled: unknown[] = [];
    await using live = await startLive({
      sessions: () => ({ handle: (message) => void handled.push(message), end() {} }),
    });
    await using client = await live.connect();

    assertEquals(await client.ask({ type: "ping", id: "7" }), { type: "pong", id: "7" });
    assertEquals(await client.ask({ type: "ping" }), { type: "pong" });

    assertEquals(handled, []);
    assertEquals([live.metrics.inbound.ping, live.metrics.outbound.pong], [2, 2]);
  },
);

testOnEach("LiveServer counts pings as messages, and closes with 4429", async (startLive) => {
  await using live = await startLive({
    options: { maxMessagesPerSecond: 1e-9, messageBurst: 2 },
  });
  await using client = await live.connect();

  for (let count = 0; count < 2; count++) await client.ask({ type: "ping" });
  client.send({ type: "ping" });

  assertEquals(await client.outcome(), { code: 4429, reason: "too many messages" });
  assertEquals(live.metrics.inbound.ping, 2);
});

testOnEach("LiveServer limits the messages of each connection on its own", async (startLive) => {
  await using live = await startLive({ options: { maxMessagesPerSecond: 1e-9, messageBurst: 1 } });
  await using first = await live.connect("ada");
  await using second = await live.connect("ada");

  assertEquals((await first.ask("?")).code, "protocol-violation");
  assertEquals((await second.ask("?")).code, "protocol-violation");
});

Deno.test("Inbox.receive() ignores messages once the connection has ended", () => {
  const handled: unknown[] = [];
  const { connection } = createClient();
  const session: Session = { handle: (message) => void handled.push(message), end() {} };
  const inbox = new Inbox(connection, session, {
    ...withDefaults(),
    metrics: silentMetrics,
    logger: silentLogger,
  });
  const message = '{"type":"unsubscribe","topic":"event:1"}';

  inbox.receive(message);
  connection.end(1001, "");
  inbox.receive(message);

  assertEquals(handled.length, 1);
});

const failures: Record<string, () => void | Promise<void>> = {
  "throws": () => {
    throw new Error("broken");
  },
  "rejects": () => Promise.reject(new Error("broken")),
  "rejects later": async () => {
    await Promise.resolve();
    throw new Error("broken");
  },
  "rejects with nothing": () => Promise.reject(),
};

for (const [name, fail] of Object.entries(failures)) {
  testOnEach(
    `LiveServer logs and answers if a message handler ${name}, and continues`,
    async (startLive) => {
      const handle: Session["handle"] = ({ id }) => id === "1" ? fail() : undefined;
      await using live = await startLive({ sessions: () => ({ handle, end() {} }) });
      await using client = await live.connect();

      const answer = await client.subscribe("event:1", { id: "1" });

      assertEquals(answer, {
        type: "error",
        code: "unavailable",
        message: "Internal error; try again",
        id: "1",
        topic: "event:1",
        retryAfterMs: 1000,
      });
      const [line, ...more] = live.logger.of("error");
      assertEquals([line?.message, line?.fields["type"], more], [
        "message handler failed",
        "subscribe",
        [],
      ]);
      client.send({ type: "subscribe", topic: "event:1", id: "2" }); // has no answer
      assertEquals((await client.ask("?")).code, "protocol-violation");
    },
  );
}

testOnEach(
  "LiveServer logs a session that fails to end, and removes the connection",
  async (startLive) => {
    const error = new Error("broken");
    const end = () => {
      throw error;
    };
    await using live = await startLive({ sessions: () => ({ handle() {}, end }) });
    await using client = await live.connect();

    await client.close();
    const line = await live.logger.line("session could not be ended");

    assertEquals([line.level, line.fields["error"]], ["error", error]);
    await live.metrics.until(({ gauges }) => gauges.connections === 0);
  },
);

testOnEach(
  "LiveServer closes with 1013 if a session cannot be created, and continues",
  async (startLive) => {
    const error = new Error("broken");
    let count = 0;
    await using live = await startLive({
      sessions: () => {
        if (++count === 1) throw error;
        return { handle() {}, end() {} };
      },
    });

    const refused = new Client(live.ws, { cookie: cookieOf("ada") });

    assertEquals(await refused.outcome(), { code: 1013, reason: "internal error" });
    assertEquals(live.logger.of("error").map(({ fields }) => fields), [{ error }]);
    await using _client = await live.connect();
  },
);
