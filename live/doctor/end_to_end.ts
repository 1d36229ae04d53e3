/**
 * A message from end to end: login, upgrade, subscribe, publish, receive.
 *
 * @module
 */

import { z } from "zod";
import type { Config } from "../config/config.ts";
import { bearer, createDirectusApi } from "../setup/directus_api.ts";
import { type HttpCall, parseJson } from "../setup/http_call.ts";
import type { CommandContext } from "../terminal/command.ts";
import { type Finding, findingsOf } from "./finding.ts";
import { LiveConnection, type Next } from "./live_connection.ts";
import { parseSetCookie } from "./set_cookie.ts";

const { ok, fault, skipped } = findingsOf("end to end");

/** What the check needs. */
export interface EndToEndOptions {
  /** The server's configuration. */
  readonly config: Config;
  /** The user to log in as. */
  readonly email: string;
  /** The user's password. */
  readonly password: string;
  /** Topic to subscribe to; `undefined` takes an item that the user may read. */
  readonly topic: string | undefined;
  /** Where browsers reach Directus, without a slash at the end. */
  readonly directusUrl: string;
  /** Where browsers reach Live. */
  readonly liveUrl: URL;
  /** Where the ops listener is, without a slash at the end. */
  readonly opsUrl: string;
  /** Origin of the page that connects. */
  readonly origin: string;
  /** Makes HTTP requests. */
  readonly call: HttpCall;
  /** Opens the WebSocket. */
  readonly openSocket: CommandContext["openSocket"];
}

/** The key whose removal is published. No page holds it, so no page shows a change. */
const KEY = "live-doctor";

/** Thrown when a step fails, to end the check. */
class Stopped extends Error {
  readonly finding: Finding;

  constructor(finding: Finding) {
    super(finding.message);
    this.finding = finding;
  }
}

/**
 * Sends a message from end to end. Each step yields a finding. The check ends with the first step that
 * fails.
 */
export async function checkEndToEnd(options: EndToEndOptions): Promise<Finding[]> {
  const findings: Finding[] = [];
  const step = (message: string) => findings.push(ok(message));
  try {
    const cookie = await logIn(options);
    step(`${options.email} logs in`);
    try {
      await converse(options, cookie, step);
    } finally {
      await options.call(
        `${options.directusUrl}/auth/logout`,
        post({ mode: "session" }, { cookie }),
      );
    }
  } catch (error) {
    if (!(error instanceof Stopped)) throw error;
    findings.push(error.finding);
  }
  return findings;
}

async function converse(
  options: EndToEndOptions,
  cookie: string,
  step: (message: string) => void,
): Promise<void> {
  const { liveUrl, origin, openSocket } = options;
  using connection = new LiveConnection(openSocket, liveUrl, { origin, cookie });
  const welcome = await connection.next();
  if (!isMessage(welcome, "welcome")) stop(`${liveUrl.href} refuses the session`, welcome);
  step(`${liveUrl.href} accepts the session`);

  const topic = options.topic ?? await findTopic(options, cookie);
  connection.send({ type: "subscribe", topic });
  const subscribed = await connection.find((message) => message.topic === topic);
  if (!isMessage(subscribed, "subscribed")) stop(`subscribing to ${topic} fails`, subscribed);
  step(`${options.email} may subscribe to ${topic}`);

  const offset = await publish(options, topic);
  step(`the ops listener publishes on ${topic}`);
  const received = await connection.find((message) =>
    message.type === "message" && message["offset"] === offset
  );
  if (received.kind !== "message") stop(`the message on ${topic} does not arrive`, received);
  step("the message arrives");
}

const CURES: Readonly<Record<string, string>> = {
  "4401": "Compare the DIRECTUS_BASE_URL of the running server with yours",
  "4501": "Compare DIRECTUS_BASE_URL and DIRECTUS_SESSION_COOKIE of the running server with yours",
  "4403": "Add the origin to LIVE_ALLOWED_ORIGINS of the running server",
  "4429": "The user has too many connections: LIVE_MAX_CONNECTIONS_PER_USER",
  "1013": "See /readyz of the ops listener",
  "forbidden": "Choose an item that the user may read: --topic prefix:id",
  "bad-topic": "A topic is prefix:id",
};

function stop(what: string, next: Next): never {
  if (next.kind === "silent") throw new Stopped(fault(`${what}: no answer`, LOG));
  const code = next.kind === "closed" ? String(next.code) : next.message.code ?? next.message.type;
  const detail = next.kind === "closed" && next.reason ? ` ${next.reason}` : "";
  throw new Stopped(fault(`${what}: ${code}${detail}`, CURES[code] ?? LOG));
}

const LOG = "See the log of the server";

function isMessage(next: Next, type: string): boolean {
  return next.kind === "message" && next.message.type === type;
}

/** Logs in as a page does; resolves to the pair for a `Cookie` header. */
async function logIn(
  { call, config, directusUrl, email, password }: EndToEndOptions,
): Promise<string> {
  const reply = await call(
    `${directusUrl}/auth/login`,
    post({ email, password, mode: "session" }),
  );
  if (reply.kind === "none" || reply.status !== 200) {
    const answer = reply.kind === "none" ? reply.reason : `status ${reply.status}`;
    throw new Stopped(fault(
      `${email} cannot log in to Directus: ${answer}`,
      "Check the password; a user with two factors cannot be used here",
    ));
  }
  const headers = reply.headers.getSetCookie();
  const names = headers.map((header) => parseSetCookie(header).name);
  const { DIRECTUS_SESSION_COOKIE: name } = config;
  const found = headers[names.indexOf(name)];
  if (found !== undefined) return found.split(";", 1)[0] ?? "";
  throw new Stopped(fault(
    `Directus logs in with the cookie ${names.join(", ")}, not ${name}`,
    `Set DIRECTUS_SESSION_COOKIE=${names[0] ?? ""}`,
  ));
}

const items = z.object({ data: z.array(z.record(z.string(), z.unknown())) });

/** Returns the topic of an item that the user may read. */
async function findTopic(options: EndToEndOptions, cookie: string): Promise<string> {
  const { config, directusUrl: baseUrl, call } = options;
  for (const [prefix, { collection, primaryKey }] of config.LIVE_TOPICS) {
    const api = createDirectusApi({ baseUrl, call, headers: { cookie } });
    const answer = await api("GET", `/items/${collection}?limit=1&fields=${primaryKey}`);
    const key = items.safeParse(answer).data?.data[0]?.[primaryKey];
    if (typeof key === "string" || typeof key === "number") return `${prefix}:${key}`;
  }
  throw new Stopped(skipped(
    `${options.email} reads no item of LIVE_TOPICS, so there is nothing to subscribe to`,
    "Pass --topic prefix:id",
  ));
}

const published = z.object({ published: z.tuple([z.object({ offset: z.number() })]) });

/** Publishes; resolves to the offset. */
async function publish({ call, config, opsUrl }: EndToEndOptions, topic: string): Promise<number> {
  const token = config.LIVE_PUBLISH_TOKEN;
  if (token === undefined) {
    throw new Stopped(skipped("nothing can be published", "Set LIVE_PUBLISH_TOKEN"));
  }
  const reply = await call(
    `${opsUrl}/publish`,
    post({ topic, key: KEY, removed: true }, bearer(token)),
  );
  if (reply.kind === "none") {
    throw new Stopped(fault(
      `the ops listener at ${opsUrl} cannot be reached: ${reply.reason}`,
      "Start the server, or pass --ops-url",
    ));
  }
  const position = published.safeParse(parseJson(reply.text)).data?.published[0];
  if (position !== undefined) return position.offset;
  throw new Stopped(fault(
    `the ops listener at ${opsUrl} answers a publish call with status ${reply.status}`,
    reply.status === 401
      ? "Compare LIVE_PUBLISH_TOKEN of the running server with yours"
      : reply.status === 403
      ? "Add the host to OPS_ALLOWED_HOSTS of the running server"
      : "Compare --ops-url with OPS_HOST and OPS_PORT",
  ));
}

function post(body: unknown, headers: Readonly<Record<string, string>> = {}): RequestInit {
  return {
    method: "POST",
    headers: { "content-type": "application/json", ...headers },
    body: JSON.stringify(body),
  };
}
