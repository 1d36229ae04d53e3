/**
 * Tests of a connection: what it sends, and how it ends.
 *
 * @module
 */

import { assert, assertEquals, assertMatch, assertNotEquals } from "@std/assert";
import { FakeTime } from "@std/testing/time";
import { Connection, type ConnectionOptions } from "../../live/connection/connection.ts";
import type { ServerMessage } from "../../live/domain/messages.ts";
import { silentMetrics } from "../../live/domain/metrics.ts";
import { SessionCookie } from "../../live/domain/session_cookie.ts";
import { jsonWire } from "../../live/wire/json_wire.ts";

const THRESHOLD = 1_000;
const OPEN = 1;
const CLOSING = 2;
const CLOSED = 3;

interface Peer {
  readonly connection: Connection;
  readonly socket: { bufferedAmount: number; readyState: number };
  /** Calls of the socket, the metrics and `onEnd`, in order. */
  readonly log: string[];
}

/** How a faulty socket behaves when it is called. */
interface Fault {
  readonly send?: () => void;
  readonly close?: () => void;
}

function connect(fault: Fault = {}, options: Partial<ConnectionOptions> = {}): Peer {
  const log: string[] = [];
  const socket = {
    bufferedAmount: 0,
    readyState: OPEN,
    send(frame: unknown) {
      fault.send?.();
      log.push(`send ${frame}`);
    },
    close(code?: number, reason?: string) {
      log.push(`close ${code} ${reason}`);
      fault.close?.();
      socket.readyState = CLOSING;
    },
  };
  const connection = new Connection({
    socket,
    wire: jsonWire,
    remoteAddress: "192.0.2.1",
    user: null,
    credential: null,
    thresholdBytes: THRESHOLD,
    metrics: { ...silentMetrics, sent: (type, count) => void log.push(`count ${type} ${count}`) },
    onEnd: (ended, code, reason) => {
      assert(ended === connection);
      log.push(`end ${code} ${reason}`);
    },
    ...options,
  });
  return { connection, socket, log };
}

const error: ServerMessage = { type: "error", code: "limit", message: "m", topic: "a:1" };

const TOO_SLOW = [
  "close 1008 back-pressure threshold exceeded",
  "end 1008 back-pressure threshold exceeded",
];

Deno.test("Connection.send() sends what its wire renders, counts it by type and reports it", () => {
  const answers: ServerMessage[] = [];
  const wire = { ...jsonWire, answer: ({ type }: ServerMessage) => `<${type}>` };
  const { connection, log } = connect({}, { wire, onAnswer: (answer) => answers.push(answer) });
  const unsubscribed: ServerMessage = { type: "unsubscribed", topic: "a:1" };
  connection.send(error);
  connection.send(unsubscribed);
  assertEquals(log, [
    "send <error>",
    "count error 1",
    "send <unsubscribed>",
    "count unsubscribed 1",
  ]);
  assertEquals(answers, [error, unsubscribed]);
});

Deno.test("Connection.deliver() sends frames unchanged, in order, and counts nothing", () => {
  const { connection, log } = connect();
  assertEquals(["1", "", "[2]"].map((frame) => connection.deliver(frame)), [true, true, true]);
  assertEquals(log, ["send 1", "send ", "send [2]"]);
});

for (const [unsent, calls] of [[THRESHOLD, ["send x"]], [THRESHOLD + 1, TOO_SLOW]] as const) {
  Deno.test(`Connection.deliver() with ${unsent} unsent of ${THRESHOLD} leads to ${calls[0]}`, () => {
    const { connection, socket, log } = connect();
    socket.bufferedAmount = unsent;
    const isSent = calls !== TOO_SLOW;
    assertEquals([connection.deliver("x"), connection.ended], [isSent, !isSent]);
    assertEquals(log, [...calls]);
  });
}

for (
  const [thresholdBytes, mark] of [[1_048_576, 65_536], [1_000, 1_000]] as const
) {
  Deno.test(`Connection.hasRoom up to ${mark} of a threshold of ${thresholdBytes}`, () => {
    const { connection, socket } = connect({}, { thresholdBytes });
    const rooms = [0, mark, mark + 1].map((amount) => {
      socket.bufferedAmount = amount;
      assertEquals(connection.bufferedBytes, amount);
      return connection.hasRoom;
    });
    assertEquals(rooms, [true, true, false]);
  });
}

Deno.test("Connection.drained changes while the peer reads, even if the socket is filled again as fast", () => {
  const { connection, socket } = connect();
  const drained = [connection.drained];
  for (const amount of [3, 3, 2]) {
    connection.deliver("xyz");
    socket.bufferedAmount = amount;
    drained.push(connection.drained);
  }
  assertEquals(drained, [0, 0, 3, 7]);
});

for (
  const [name, state, calls] of [
    ["open", OPEN, ["close 1001 send failed", "end 0 send failed"]],
    ["closing", CLOSING, ["end 0 send failed"]],
  ] as const
) {
  Deno.test(`Connection ends, and counts nothing, when a socket that is ${name} cannot send`, () => {
    const { connection, socket, log } = connect({
      send() {
        throw new DOMException("readyState not OPEN", "InvalidStateError");
      },
    });
    socket.readyState = state;
    connection.send(error);
    assertEquals(connection.deliver("x"), false);
    assertEquals(log, [...calls]);
  });
}

for (
  const [name, state, code, calls] of [
    ["closes with the code and reason", OPEN, 4503, ["close 4503 why", "end 4503 why"]],
    ["without a code closes with 1001", OPEN, 0, ["close 1001 why", "end 0 why"]],
    ["does not close a socket that is connecting", 0, 1005, ["end 1005 why"]],
    ["does not close a socket that is closing", CLOSING, 1005, ["end 1005 why"]],
    ["does not close a socket that is closed", CLOSED, 1005, ["end 1005 why"]],
  ] as const
) {
  Deno.test(`Connection.end() ${name}, and calls onEnd`, () => {
    const { connection, socket, log } = connect();
    socket.readyState = state;
    connection.end(code, "why");
    assertEquals(log, [...calls]);
  });
}

Deno.test("Connection.end() calls onEnd even if the socket cannot close", () => {
  const { connection, log } = connect({
    close() {
      throw new DOMException("no", "InvalidAccessError");
    },
  });
  connection.end(4401, "x");
  assertEquals(log, ["close 4401 x", "end 4401 x"]);
});

const ends: Record<string, (peer: Peer) => void> = {
  "our end": ({ connection }) => connection.end(4401, "ours"),
  "the close event": (peer) => {
    peer.socket.readyState = CLOSED;
    peer.connection.end(1005, "theirs");
  },
  "back-pressure": (peer) => {
    peer.socket.bufferedAmount = THRESHOLD + 1;
    peer.connection.deliver("x");
  },
};

for (const [first, begin] of Object.entries(ends)) {
  for (const [second, again] of Object.entries(ends)) {
    Deno.test(`Connection ends once when ${second} comes after ${first}`, () => {
      const peer = connect();
      begin(peer);
      const calls = [...peer.log];
      again(peer);
      assertEquals(peer.log, calls);
      assertEquals(calls.filter((line) => line.startsWith("end ")).length, 1);
      assertEquals(peer.connection.ended, true);
    });
  }
}

Deno.test("Connection sends nothing once it has ended, even if the socket is open", () => {
  const { connection, socket, log } = connect();
  connection.end(1001, "bye");
  socket.readyState = OPEN;
  log.length = 0;
  connection.send(error);
  assertEquals(connection.deliver("x"), false);
  assertEquals(log, []);
});

Deno.test("Connection has already ended when it calls onEnd", () => {
  const seen: unknown[] = [];
  const { connection, log } = connect({}, {
    onEnd(connection, code) {
      seen.push(code, connection.ended, connection.deliver("x"));
      connection.end(4503, "again");
    },
  });
  connection.end(1001, "bye");
  assertEquals(log, ["close 1001 bye"]);
  assertEquals(seen, [1001, true, false]);
});

Deno.test("Connection has already ended when it closes the socket, so a synchronous close event does nothing", () => {
  const peer = connect({ close: () => peer.connection.end(1005, "at once") });
  peer.connection.end(1001, "bye");
  assertEquals(peer.log, ["close 1001 bye", "end 1001 bye"]);
});

Deno.test("Connection has an id of its own, and notes when the peer was last seen", () => {
  using time = new FakeTime(1_000);
  const [first, second] = [connect().connection, connect().connection];
  assertMatch(first.id, /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
  assertNotEquals(first.id, second.id);
  time.tick(500);
  first.seen();
  assertEquals([first.openedAt, first.lastSeenAt], [1_000, 1_500]);
});

Deno.test("Connection does not show its cookie's value when it is printed", () => {
  const { connection } = connect({}, { credential: new SessionCookie("session", "s3cr3t") });
  const text = Deno.inspect(connection, { depth: 9, showHidden: true }) +
    JSON.stringify(connection);
  assertEquals(text.includes("s3cr3t"), false);
});
