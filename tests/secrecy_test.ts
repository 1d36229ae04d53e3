/**
 * Secrets that the server must never reveal: cookies, bearer tokens, the publish token, and wrong guesses
 * of it.
 * They appear in no log line, at any level and in either format, no metric and no response.
 *
 * @module
 */

import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { BearerToken } from "../live/domain/credential.ts";
import { SessionCookie } from "../live/domain/session_cookie.ts";
import { Client } from "./support/client.ts";
import { type ListeningDirectus, startDirectus } from "./support/directus.ts";
import { ServerProcess } from "./support/process.ts";
import { RawClient } from "./support/raw_client.ts";

const NAME = "directus_session_token";
const TOKEN = "right-token-9f8e7d6c5b4a";

/** Values of cookies, tokens and queries that clients send and that must not come out again. */
const sent = {
  other: "other-cookie-1a2b3c",
  garbage: "garbage-session-4d5e6f",
  quoted: '"quoted-session-7a8b9c"',
  notAscii: "latin-session-0d1e2f-é",
  percent: "%22percent-session-3a4b5c%22",
  tooLong: `long-session-${"6d7e8f".repeat(1_000)}`,
  query: "query-token-9a0b1c",
  bearer: "bearer-token-1e2f3a4b5c6d",
  twoWords: "bearer-words-7e8f9a 0b1c2d3e4f5a",
  parameter: "parameter-token-6b7c8d9e0f1a",
  message: "message-token-2a3b4c5d6e7f",
  wrongToken: "wrong-token-2d3e4f5a6b7c",
  basicToken: "basic-token-8d9e0f1a2b3c",
} as const;

/** A request for an upgrade. */
interface Knock {
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
}

/** Returns a request with each cookie, which asks for an HTTP status, and one for a close code. */
function withCookies(...cookies: readonly string[]): Knock[] {
  return cookies.flatMap((cookie) =>
    ["/", `/?reject=close&access_token=${sent.query}`].map((path) => ({
      path,
      headers: { cookie },
    }))
  );
}

/** Returns requests with each token: in the header, in the query and in both. */
function withTokens(...tokens: readonly string[]): Knock[] {
  return tokens.flatMap((token) => {
    const query = `/websocket?access_token=${encodeURIComponent(token)}`;
    const headers = { authorization: `Bearer ${token}` };
    return [
      { path: "/", headers },
      { path: "/?reject=close", headers },
      { path: query, headers: {} },
      { path: `${query}&reject=close`, headers: {} },
      { path: `${query}&reject=close`, headers },
    ];
  });
}

/** Requests upgrades, and resolves to all that the responses say. */
async function knock(port: number, knocks: readonly Knock[]): Promise<string> {
  const answers: string[] = [];
  for (const { path, headers } of knocks) {
    using client = await RawClient.connect(port);
    const head = await client.upgrade(path, headers);
    const close = head.status === 101 ? await client.frame() : undefined;
    const reason = new TextDecoder().decode(close?.payload);
    answers.push(`${head.status} ${JSON.stringify([...head.headers])} ${reason}`);
  }
  return answers.join("\n");
}

/** Makes valid and invalid publish calls, and resolves to all that the responses say. */
async function publish(port: number): Promise<string> {
  const good = JSON.stringify({ topic: "events:1", data: { x: 1 } });
  const answers: string[] = [];
  for (
    const [authorization, body] of [
      [`Bearer ${TOKEN}`, good],
      [`Bearer ${TOKEN}`, "no JSON"],
      [`Bearer ${TOKEN}`, '{"topic":"events:."}'],
      [`bearer  ${TOKEN}`, good],
      [`Bearer ${sent.wrongToken}`, good],
      [`Basic ${sent.basicToken}`, good],
      [sent.basicToken, good],
    ] as const
  ) {
    const response = await fetch(`http://127.0.0.1:${port}/publish?token=${sent.query}`, {
      method: "POST",
      headers: { authorization, "content-type": "application/json" },
      body,
    });
    answers.push(`${response.status} ${await response.text()}`);
  }
  return answers.join("\n");
}

/** Sends messages that are allowed, forbidden and malformed, and logs out. */
async function talk(
  url: string,
  headers: Readonly<Record<string, string>>,
  cookie: string,
  { directus }: ListeningDirectus,
): Promise<void> {
  await using client = await Client.connect(url, headers);
  await client.next();
  const codes: unknown[] = [];
  for (
    const message of [
      { type: "subscribe", topic: "events:1" },
      { type: "subscribe", topic: "events:99" },
      { type: "subscribe", topic: `events:${cookie}/` },
      JSON.stringify({ type: "auth", access_token: tokenOf(cookie) }),
    ]
  ) {
    const { type, code } = await client.ask(message);
    codes.push(code ?? type);
  }
  directus.fail("broken");
  codes.push((await client.subscribe("events:2")).code);
  directus.fail(undefined);
  directus.logOut(cookie);
  codes.push((await client.subscribe("events:2")).code);
  assertEquals(codes, [
    "subscribed",
    "forbidden",
    "bad-topic",
    "protocol-violation",
    "unavailable",
    "forbidden",
  ]);
  assertEquals((await client.closed).code, 4401);
}

/** Authenticates by messages of Directus's own protocol; resolves to all that the server says. */
async function authenticate(url: string, ...tokens: readonly string[]): Promise<string> {
  await using client = await Client.connect(`${url}/websocket`);
  for (const access_token of tokens) await client.ask({ type: "auth", access_token });
  await client.closed;
  return client.frames.join("\n");
}

for (const format of ["json", "pretty"]) {
  Deno.test(`the server reveals no cookie and no token, with LOG_FORMAT=${format} at DEBUG`, async () => {
    await using stack = new AsyncDisposableStack();
    const listening = startDirectus();
    const { directus, url } = listening;
    stack.defer(() => listening[Symbol.asyncDispose]());
    const server = stack.use(
      await ServerProcess.spawn({
        DIRECTUS_BASE_URL: url,
        DIRECTUS_AUTH_TIMEOUT_MS: "200",
        LIVE_PUBLISH_TOKEN: TOKEN,
        LOG_LEVEL: "DEBUG",
        LOG_FORMAT: format,
      }),
    );
    const { live, ops } = await server.ports();
    const session = directus.session("ada-id");
    const byHeader = directus.session("ada-id");
    const expired = directus.session("bob-id");
    directus.expire(expired);
    const bad = Object.values(sent).map((value) => `${NAME}=${value}; x=${sent.other}`);
    const faulty = directus.session("eve-id");

    const answers = [
      await knock(live, withCookies(...bad, expired, `${NAME}=; a=${sent.other}`)),
      await knock(live, withTokens(sent.bearer, sent.twoWords, sent.parameter, tokenOf(expired))),
    ];
    const socket = `ws://127.0.0.1:${live}`;
    await talk(socket, { cookie: session }, session, listening);
    const byQuery = `${socket}/websocket?access_token=${tokenOf(byHeader)}`;
    await (await Client.connect(byQuery)).close();
    answers.push(await authenticate(socket, tokenOf(byHeader), tokenOf(expired)));
    answers.push(await authenticate(socket, sent.message));
    await talk(socket, { authorization: `Bearer ${tokenOf(byHeader)}` }, byHeader, listening);
    answers.push(await publish(ops));
    const both = [...withCookies(faulty), ...withTokens(tokenOf(faulty))];
    const few = both.slice(1, 3); // more failures in a row would open the circuit breaker
    for (const fault of ["pressure", "broken", "hung", "limited"] as const) {
      directus.fail(fault);
      answers.push(await knock(live, few));
    }
    await listening[Symbol.asyncDispose](); // from now on connections to it are refused
    answers.push(await knock(live, both));
    const metrics = await (await fetch(`http://127.0.0.1:${ops}/metrics`)).text();
    const headers = { authorization: `Bearer ${TOKEN}` };
    const status = await (await fetch(`http://127.0.0.1:${ops}/status`, { headers })).text();
    assertStringIncludes(status, "processor_live_refusals_total");
    server.kill("SIGTERM");
    const { code, stdout, stderr } = await server.ended;

    assertEquals([code, stderr], [0, ""]);
    for (
      const line of [
        "connection opened",
        "connection ended",
        "upgrade refused",
        "session could not be checked",
        "call to Directus failed",
        "status 500",
        "no answer within 200 ms",
        "calls to Directus are held back",
      ]
    ) assertStringIncludes(stdout, line);
    const output = [stdout, metrics, status, ...answers].join("\n").toLowerCase();
    const secrets = [...Object.values(sent), TOKEN, session, byHeader, expired, faulty].map(
      tokenOf,
    );
    // A credential's hash does not reveal it, but it would show that two users are the same.
    const hashes = secrets.flatMap((secret) => [
      new SessionCookie(NAME, secret).hash().toLowerCase(),
      new BearerToken(secret).hash().toLowerCase(),
    ]);
    for (const secret of [...secrets.flatMap(partsOf), ...hashes]) {
      assert(!output.includes(secret), `"${secret}" is in:\n${output}`);
    }
  });
}

/** Returns the token in a cookie, and any other text as it is. */
function tokenOf(cookie: string): string {
  return cookie.replace(`${NAME}=`, "");
}

/** Returns the parts that would reveal a secret: its words, as text and in Base64. */
function partsOf(secret: string): string[] {
  const words = secret.match(/[\w.-]{12,}/g) ?? [];
  assert(words.length > 0);
  return words.flatMap((word) => [word, btoa(word).slice(0, -4)]).map((text) => text.toLowerCase());
}
