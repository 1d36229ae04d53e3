/**
 * A Directus that is out of its mind, or in the hands of somebody else.
 *
 * @module
 */

import { assert, assertEquals } from "@std/assert";
import { pause } from "../faults/publisher.ts";
import { textFrame } from "../support/frames.ts";
import { RawClient } from "../support/raw_client.ts";
import type { Attack, Scene } from "./attack.ts";
import { each, enter, Gang, tally, told } from "./clients.ts";
import type { Act } from "./directus_front.ts";

const COUNT = 40;

/** What the server waits for Directus, in these attacks. */
const TIMEOUT_MS = 1_000;

/** How long after a fault everybody gets in again, in milliseconds: the breaker's longest pause. */
const RECOVERY_MS = 32_000;

const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** Reads a request and returns its path. */
async function heard(conn: Deno.TcpConn): Promise<string> {
  const chunk = new Uint8Array(16_384);
  const count = await conn.read(chunk);
  return decoder.decode(chunk.subarray(0, count ?? 0)).split(" ")[1] ?? "";
}

async function write(conn: Deno.TcpConn, text: string): Promise<void> {
  let bytes = encoder.encode(text);
  while (bytes.length > 0) bytes = bytes.subarray(await conn.write(bytes));
}

/** Answers every request with a body. */
function says(body: string, head = "HTTP/1.1 200 OK\r\ncontent-type: application/json"): Act {
  return async (conn) => {
    await heard(conn);
    await write(
      conn,
      `${head}\r\ncontent-length: ${body.length}\r\nconnection: close\r\n\r\n${body}`,
    );
  };
}

/** Begins to answer and goes on for ever, with a pause after each piece. */
function goesOn(beginning: string, piece: string, pauseMs: number): Act {
  return async (conn) => {
    await heard(conn);
    await write(conn, beginning);
    for (;;) {
      await write(conn, piece);
      await pause(pauseMs);
    }
  };
}

const CHUNKED = "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n";
const PIECE = `10000\r\n${" ".repeat(65_536)}\r\n`;

/** Ways to be out of order, and the statuses that newcomers may get. */
const faults: Readonly<Record<string, Readonly<Record<string, readonly [Act, string]>>>> = {
  "directus-slow": {
    "says nothing": [async (conn) => {
      await heard(conn);
      await conn.read(new Uint8Array(1)); // until it hangs up
    }, "503"],
    "says a byte of a header each 100 ms": [goesOn("HTTP/1.1 200 OK\r\nx: ", "x", 100), "503"],
    "says a byte of the body each 100 ms": [goesOn(CHUNKED, "1\r\n \r\n", 100), "503"],
  },
  "directus-wrong": {
    "says HTML": [says("<!doctype html>"), "401"],
    "says half of JSON": [says('{"data":{"id":'), "401"],
    "says a list": [says('{"data":[{"id":"mallory"}]}'), "401"],
    "says null": [says("null"), "401"],
    "says a number for an id": [says('{"data":{"id":7}}'), "401"],
    "says 500": [says("{}", "HTTP/1.1 500 Oh\r\nx: y"), "503"],
    "speaks no HTTP": [says("", "SSH-2.0-OpenSSH"), "503"],
  },
  "directus-endless": {
    "never ends its body": [goesOn(CHUNKED, PIECE, 0), "503"],
    "never ends its header": [goesOn("HTTP/1.1 200 OK\r\nx: ", "x".repeat(65_536), 0), "503"],
    "has headers without end": [goesOn("HTTP/1.1 200 OK\r\n", "x: y\r\n".repeat(1_000), 0), "503"],
  },
  "directus-cut": {
    "hangs up without a word": [async (conn) => void await heard(conn), "503"],
    "hangs up in the middle": [async (conn) => {
      await heard(conn);
      await write(conn, 'HTTP/1.1 200 OK\r\ncontent-length: 1000\r\n\r\n{"data":{"id":"mallory"');
    }, "503"],
    "hangs up before it listens": [() => Promise.resolve(), "503"],
  },
};

/** Newcomers knock, each with a session that nobody knows yet, and are told the same. */
async function knock({ target, directus }: Scene): Promise<Record<string, number>> {
  return tally(
    await each(COUNT, async () => {
      using client = await RawClient.connect(target.live);
      const { status } = await client.upgrade("/", { cookie: directus.session("mallory") });
      return String(status);
    }, COUNT),
  );
}

function upset(acts: (typeof faults)[string]) {
  return async (scene: Scene): Promise<string> => {
    const told: string[] = [];
    for (const [what, [act, expected]] of Object.entries(acts)) {
      scene.directus.turn(act);
      assertEquals(await knock(scene), { [expected]: COUNT }, what);
      scene.directus.turn();
      await recover(scene);
      told.push(`${what}: ${expected}`);
    }
    return `${COUNT} × ${told.join("; ")}`;
  };
}

/** Resolves once a newcomer gets in again. */
async function recover({ target, directus }: Scene): Promise<void> {
  const until = performance.now() + RECOVERY_MS;
  for (;;) {
    const client = await enter(target.live, directus.session("mallory")).catch(() => undefined);
    if (client !== undefined) return client.close();
    assert(performance.now() < until, `nobody gets in ${RECOVERY_MS} ms after a fault`);
    await pause(100);
  }
}

/** Subscribes as somebody whom Directus answers with items that were not asked for. */
async function wrongItem(scene: Scene): Promise<string> {
  using gang = await Gang.connect(scene, COUNT);
  scene.directus.turn(says('{"data":{"id":2}}'));
  const answers = await gang.all(async (client) => {
    await client.sendFrame(textFrame('{"type":"subscribe","topic":"event:3"}'));
    const { type, code } = await client.message();
    return code ?? type;
  });
  scene.directus.turn();
  assertEquals(answers, { forbidden: COUNT });
  return `asked for 3, says 2: ${told(answers)}`;
}

/** Nothing, above all no cookie, may arrive where Directus points to. */
async function redirect(scene: Scene): Promise<string> {
  using trap = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  let caught = 0;
  const catching = (async () => {
    for await (const conn of trap) {
      caught++;
      conn.close();
    }
  })();
  const elsewhere = `http://127.0.0.1:${trap.addr.port}/users/me`;
  for (const status of [301, 302, 303, 307, 308]) {
    scene.directus.turn(says("", `HTTP/1.1 ${status} There\r\nlocation: ${elsewhere}`));
    assertEquals(await knock(scene), { 503: COUNT }, `${status}`);
  }
  scene.directus.turn();
  await recover(scene);
  trap.close();
  await catching;
  assertEquals(caught, 0, "the cookie went elsewhere");
  return `${5 * COUNT} × redirected elsewhere: 503, nobody came there`;
}

const env = { DIRECTUS_AUTH_TIMEOUT_MS: `${TIMEOUT_MS}` };

/** Attacks by Directus. */
export const directusFaults: readonly Attack[] = [
  ...Object.entries(faults).map(([name, acts]) => ({ name, env, run: upset(acts) })),
  { name: "directus-wrong-item", env, run: wrongItem },
  { name: "directus-redirect", env, run: redirect },
];
