/**
 * A Directus that is broken, or controlled by an attacker.
 *
 * @module
 */

import { assert, assertEquals } from "@std/assert";
import { setTimeout as sleep } from "node:timers/promises";
import { textFrame } from "../support/frames.ts";
import { RawClient } from "../support/raw_client.ts";
import type { Attack, AttackContext } from "./attack.ts";
import { Attackers, connect, format, repeat, tally } from "./attackers.ts";
import type { Fault } from "./directus_proxy.ts";

/** Clients that connect during each fault. */
const COUNT = 40;

/** How long the server waits for an answer that never ends, in milliseconds. */
const TIMEOUT_MS = 1_000;

/** How often clients try to connect after a fault; the longest pause of the breaker is 30 s. */
const RETRIES = 600;
const RETRY_MS = 100;

const encoder = new TextEncoder();

async function readRequest(conn: Deno.TcpConn): Promise<void> {
  await conn.read(new Uint8Array(16_384));
}

async function write(conn: Deno.TcpConn, text: string): Promise<void> {
  let bytes = encoder.encode(text);
  while (bytes.length > 0) bytes = bytes.subarray(await conn.write(bytes));
}

/** Answers every request with a body. */
function answer(body: string, head = "HTTP/1.1 200 OK\r\ncontent-type: application/json"): Fault {
  return async (conn) => {
    await readRequest(conn);
    const headers = `content-length: ${body.length}\r\nconnection: close`;
    await write(conn, `${head}\r\n${headers}\r\n\r\n${body}`);
  };
}

/** Starts an answer that never ends, with a pause after each piece. */
function neverEnd(start: string, piece: string, pauseMs: number): Fault {
  return async (conn) => {
    await readRequest(conn);
    await write(conn, start);
    for (;;) {
      await write(conn, piece);
      await sleep(pauseMs);
    }
  };
}

const CHUNKED = "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n";
const CHUNK = `10000\r\n${" ".repeat(65_536)}\r\n`;

/** All faults, each with the status that clients must get. */
const faults: Readonly<Record<string, Readonly<Record<string, readonly [Fault, string]>>>> = {
  "directus-slow": {
    "no answer": [async (conn) => {
      await readRequest(conn);
      await conn.read(new Uint8Array(1)); // until the server disconnects
    }, "503"],
    "a byte of a header every 100 ms": [neverEnd("HTTP/1.1 200 OK\r\nx: ", "x", 100), "503"],
    "a byte of the body every 100 ms": [neverEnd(CHUNKED, "1\r\n \r\n", 100), "503"],
  },
  "directus-wrong": {
    "HTML": [answer("<!doctype html>"), "503"],
    "half of a JSON text": [answer('{"data":{"id":'), "503"],
    "a list": [answer('{"data":[{"id":"mallory"}]}'), "503"],
    "null": [answer("null"), "503"],
    "a number as id": [answer('{"data":{"id":7}}'), "503"],
    "500": [answer("{}", "HTTP/1.1 500 Oh\r\nx: y"), "503"],
    "another protocol": [answer("", "SSH-2.0-OpenSSH"), "503"],
  },
  "directus-endless": {
    "an endless body": [neverEnd(CHUNKED, CHUNK, 0), "503"],
    "an endless header": [neverEnd("HTTP/1.1 200 OK\r\nx: ", "x".repeat(65_536), 0), "503"],
    "endless headers": [neverEnd("HTTP/1.1 200 OK\r\n", "x: y\r\n".repeat(1_000), 0), "503"],
  },
  "directus-cut": {
    "a disconnect in place of an answer": [readRequest, "503"],
    "a disconnect in the middle of an answer": [async (conn) => {
      await readRequest(conn);
      await write(conn, 'HTTP/1.1 200 OK\r\ncontent-length: 1000\r\n\r\n{"data":{"id":"mallory"');
    }, "503"],
    "a disconnect before the request": [() => Promise.resolve(), "503"],
  },
};

/** Connects clients, each with a new session; resolves to the statuses of their upgrades. */
async function upgradeStatuses(
  { target, directus }: AttackContext,
): Promise<Record<string, number>> {
  const statuses = await repeat(COUNT, async () => {
    using client = await RawClient.connect(target.live);
    const { status } = await client.upgrade("/", { cookie: directus.session("mallory") });
    return String(status);
  }, COUNT);
  return tally(statuses);
}

function fail(rows: (typeof faults)[string]) {
  return async (context: AttackContext): Promise<string> => {
    const summary: string[] = [];
    for (const [name, [fault, status]] of Object.entries(rows)) {
      context.directus.setFault(fault);
      assertEquals(await upgradeStatuses(context), { [status]: COUNT }, name);
      await recover(context);
      summary.push(`${name}: ${status}`);
    }
    return `${COUNT} × ${summary.join("; ")}`;
  };
}

/** Repairs Directus; resolves once clients can connect again. */
async function recover({ target, directus }: AttackContext): Promise<void> {
  directus.setFault();
  for (let attempt = 0; attempt < RETRIES; attempt++) {
    const client = await connect(target.live, directus.session("mallory")).catch(() => undefined);
    if (client !== undefined) return client.close();
    await sleep(RETRY_MS);
  }
  assert(false, "no client can connect after the fault");
}

/** Directus answers with a different item than the requested one. */
async function wrongItem(context: AttackContext): Promise<string> {
  using attackers = await Attackers.connect(context, COUNT);
  context.directus.setFault(answer('{"data":{"id":2}}'));
  const answers = await attackers.all(async (client) => {
    await client.sendFrame(textFrame('{"type":"subscribe","topic":"event:3"}'));
    const { type, code } = await client.message();
    return code ?? type;
  });
  context.directus.setFault();
  assertEquals(answers, { forbidden: COUNT });
  return `item 2 in place of item 3: ${format(answers)}`;
}

/** The server must not follow a redirect: it would send the cookie elsewhere. */
async function redirect(context: AttackContext): Promise<string> {
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
    context.directus.setFault(answer("", `HTTP/1.1 ${status} There\r\nlocation: ${elsewhere}`));
    assertEquals(await upgradeStatuses(context), { 503: COUNT }, `${status}`);
  }
  await recover(context);
  trap.close();
  await catching;
  assertEquals(caught, 0, "the server followed a redirect");
  return `${5 * COUNT} × a redirect: 503, none followed`;
}

const env = { DIRECTUS_AUTH_TIMEOUT_MS: `${TIMEOUT_MS}` };
const needTimeout = ["directus-slow", "directus-endless"];

/** Attacks by Directus. */
export const directusFaults: readonly Attack[] = [
  ...Object.entries(faults).map(([name, rows]) => ({
    name,
    env: needTimeout.includes(name) ? env : {},
    run: fail(rows),
  })),
  { name: "directus-wrong-item", run: wrongItem },
  { name: "directus-redirect", run: redirect },
];
