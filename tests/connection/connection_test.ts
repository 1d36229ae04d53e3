/**
 * A connection: what it sends, and its one end.
 *
 * @module
 */

import { assert, assertEquals, assertMatch, assertNotEquals } from "@std/assert";
import { FakeTime } from "@std/testing/time";
import { Connection, type ConnectionOptions } from "../../live/connection/connection.ts";
import type { ServerMessage } from "../../live/domain/messages.ts";
import { silentMetrics } from "../../live/domain/metrics.ts";
import { SessionCookie } from "../../live/domain/session_cookie.ts";

const THRESHOLD = 1_000;
const OPEN = 1;
const CLOSING = 2;
const CLOSED = 3;

interface Peer {
  readonly connection: Connection;
  /** The socket, whose state the test changes. */
  readonly socket: { bufferedAmount: number; readyState: number };
  /** All that happened on the socket and was told, in order. */
  readonly log: string[];
}

/** What the socket does, where it is not what a sound one does. */
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
    remoteAddress: "192.0.2.1",
    user: null,
    cookie: null,
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
const errorJson = '{"type":"error","code":"limit","message":"m","topic":"a:1"}';

Deno.test("Connection.send() writes the message and counts it by type", () => {
  const { connection, log } = connect();
  connection.send(error);
  connection.send({ type: "unsubscribed", topic: "a:1" });
  assertEquals(log, [
    `send ${errorJson}`,
    "count error 1",
    'send {"type":"unsubscribed","topic":"a:1"}',
    "count unsubscribed 1",
  ]);
});

Deno.test("Connection.deliver() hands frames over as they are, in order, and counts nothing", () => {
  const { connection, log } = connect();
  assertEquals(["1", "", "[2]"].map((frame) => connection.deliver(frame)), [true, true, true]);
  assertEquals(log, ["send 1", "send ", "send [2]"]);
});

Deno.test("Connection.deliver() still sends with exactly the threshold unsent", () => {
  const { connection, socket, log } = connect();
  socket.bufferedAmount = THRESHOLD;
  assertEquals(connection.deliver("x"), true);
  assertEquals(log, ["send x"]);
  assertEquals(connection.ended, false);
});

Deno.test("Connection.deliver() ends with 1008 once one byte more is unsent", () => {
  const { connection, socket, log } = connect();
  socket.bufferedAmount = THRESHOLD + 1;
  assertEquals(connection.deliver("x"), false);
  assertEquals(log, [
    "close 1008 back-pressure threshold exceeded",
    "end 1008 back-pressure threshold exceeded",
  ]);
  assertEquals(connection.ended, true);
});

Deno.test("Connection.send() past the threshold ends with 1008 and counts nothing", () => {
  const { connection, socket, log } = connect();
  socket.bufferedAmount = THRESHOLD + 1;
  connection.send(error);
  assertEquals(log, [
    "close 1008 back-pressure threshold exceeded",
    "end 1008 back-pressure threshold exceeded",
  ]);
});

Deno.test("Connection.bufferedBytes is what the socket holds now", () => {
  const { connection, socket } = connect();
  assertEquals(connection.bufferedBytes, 0);
  socket.bufferedAmount = 7;
  assertEquals(connection.bufferedBytes, 7);
});

Deno.test("Connection.deliver() ends the connection when the socket cannot send", () => {
  const { connection, log } = connect({
    send() {
      throw new DOMException("readyState not OPEN", "InvalidStateError");
    },
  });
  assertEquals(connection.deliver("x"), false);
  assertEquals(log, ["close 1001 send failed", "end 0 send failed"]);
});

Deno.test("Connection.send() counts nothing when the socket cannot send", () => {
  const { connection, socket, log } = connect({
    send() {
      throw new Error("broken");
    },
  });
  socket.readyState = CLOSING;
  connection.send(error);
  assertEquals(log, ["end 0 send failed"]);
});

for (const state of [0, CLOSING, CLOSED]) {
  Deno.test(`Connection.end() does not close a socket in state ${state}`, () => {
    const { connection, socket, log } = connect();
    socket.readyState = state;
    connection.end(1005, "");
    assertEquals(log, ["end 1005 "]);
  });
}

Deno.test("Connection.end() closes with the code and reason, then tells", () => {
  const { connection, log } = connect();
  connection.end(4503, "revoked");
  assertEquals(log, ["close 4503 revoked", "end 4503 revoked"]);
});

Deno.test("Connection.end() without a code closes with one that may be sent", () => {
  const { connection, log } = connect();
  connection.end(0, "broken");
  assertEquals(log, ["close 1001 broken", "end 0 broken"]);
});

Deno.test("Connection.end() is told even if the socket cannot close", () => {
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
  "a second close event": (peer) => {
    peer.socket.readyState = CLOSED;
    peer.connection.end(0, "");
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
      const told = [...peer.log];
      again(peer);
      assertEquals(peer.log, told);
      assertEquals(told.filter((line) => line.startsWith("end ")).length, 1);
      assertEquals(peer.connection.ended, true);
    });
  }
}

Deno.test("Connection sends nothing once it has ended, though the socket is open", () => {
  const { connection, socket, log } = connect();
  connection.end(1001, "bye");
  socket.readyState = OPEN;
  log.length = 0;
  connection.send(error);
  assertEquals(connection.deliver("x"), false);
  assertEquals(log, []);
});

Deno.test("Connection has ended by the time it tells: what onEnd does to it has no effect", () => {
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

Deno.test("Connection has ended by the time it closes: a close event at once is its second end", () => {
  const peer = connect({ close: () => peer.connection.end(1005, "at once") });
  peer.connection.end(1001, "bye");
  assertEquals(peer.log, ["close 1001 bye", "end 1001 bye"]);
});

Deno.test("Connection has an id of its own", () => {
  const [first, second] = [connect().connection.id, connect().connection.id];
  assertMatch(first, /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
  assertNotEquals(first, second);
});

Deno.test("Connection remembers when it opened and whose it is", () => {
  using _time = new FakeTime(1_000);
  const user = { id: "u", email: null, role: null, first_name: null, last_name: null };
  const cookie = new SessionCookie("session", "s3cr3t");
  const { connection } = connect({}, { user, cookie });
  assertEquals([connection.openedAt, connection.lastSeenAt], [1_000, 1_000]);
  assertEquals([connection.user, connection.remoteAddress], [user, "192.0.2.1"]);
  assert(connection.cookie === cookie);
});

Deno.test("Connection.seen() notes when, and not that it opened", () => {
  using time = new FakeTime(1_000);
  const { connection } = connect();

  time.tick(500);
  connection.seen();

  assertEquals([connection.openedAt, connection.lastSeenAt], [1_000, 1_500]);
});

Deno.test("Connection does not show its cookie's value when it is printed", () => {
  const { connection } = connect({}, { cookie: new SessionCookie("session", "s3cr3t") });
  const text = Deno.inspect(connection, { depth: 9, showHidden: true }) +
    JSON.stringify(connection);
  assertEquals(text.includes("s3cr3t"), false);
});
