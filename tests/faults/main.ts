/**
 * The fault run: breaks everything that can break, and counts what users would notice.
 *
 * Two instances on one Redis, 200 clients behind a network that cuts connections, and 200 messages a
 * second over 20 topics, a third of them removals. Redis is killed and comes back with its data; an
 * instance is killed and comes back; Redis is killed and comes back empty. In the end, every client
 * must have received every message of its topics once and in order, or have been told to start over,
 * and must hold the same state as the server.
 *
 * @module
 */

import { connect } from "../../live/client/mod.ts";
import { takeFreePort } from "../../live/transport/listener.ts";
import { createDirectusStandIn } from "../directus/stand_in.ts";
import { ServerProcess } from "../support/process.ts";
import { RedisServer } from "../support/redis_server.ts";
import { Ledger, View } from "./ledger.ts";
import { CuttingProxy } from "./proxy.ts";
import { pause, Publisher } from "./publisher.ts";

const CLIENTS = 200;
const TOPICS = 20;
const TOPICS_PER_CLIENT = 4;
const HISTORY_SIZE = 512;
const TOKEN = "the-fault-runs-publish-token";

/** Mean time before a connection is cut, in milliseconds. */
const MEAN_LIFE_MS = 10_000;

/** How long nothing breaks between two faults, in milliseconds. */
const QUIET_MS = 8_000;

/** How long each fault lasts, in milliseconds. */
const OUTAGE_MS = 2_000;

/** How long clients may take to catch up in the end, in milliseconds. */
const CATCH_UP_MS = 60_000;

const topics = Array.from({ length: TOPICS }, (_, index) => `event:${index + 1}`);

async function run(): Promise<boolean> {
  const ledger = new Ledger();
  await using redis = await RedisServer.start({ durable: true });
  await using directus = startDirectus();
  const ports = [takeFreePort(), takeFreePort()];
  const opsPorts = [takeFreePort(), takeFreePort()];
  const spawn = (index: number) =>
    ServerProcess.spawn({
      DIRECTUS_BASE_URL: directus.url,
      REDIS_URL: redis.url,
      LIVE_WS_PORT: `${ports[index]}`,
      OPS_PORT: `${opsPorts[index]}`,
      LIVE_PUBLISH_TOKEN: TOKEN,
      LIVE_TOPICS: "event=events",
      LIVE_HISTORY_SIZE: `${HISTORY_SIZE}`,
      LIVE_MAX_CONNECTIONS_PER_USER: `${CLIENTS}`,
      INSTANCE_ID: `instance-${index + 1}`,
      LOG_LEVEL: "WARN",
    });
  await using _first = await spawn(0);
  let second = await spawn(1);
  await using _last = { [Symbol.asyncDispose]: () => second[Symbol.asyncDispose]() };
  await Promise.all(opsPorts.map(ready));
  using proxy = new CuttingProxy(ports, MEAN_LIFE_MS);

  const views: { topic: string; view: View }[] = [];
  const clients = Array.from({ length: CLIENTS }, (_, index) => {
    const live = connect(`ws://127.0.0.1:${proxy.port}/`, {
      webSocket: (url) => new WebSocket(url, { headers: { cookie: directus.cookie } }),
      onState: (state) => {
        if (state.phase === "closed" && state.code !== 1000) {
          ledger.fault(`client ${index} was closed: ${state.code} ${state.reason}`);
        }
      },
      onError: (error) => ledger.fault(`client ${index}: ${error}`),
    });
    for (let i = 0; i < TOPICS_PER_CLIENT; i++) {
      const topic = topics[(index + i * (TOPICS / TOPICS_PER_CLIENT)) % TOPICS] ?? "";
      const view = new View(ledger, `client ${index}`, topic, HISTORY_SIZE);
      views.push({ topic, view });
      live.subscribe<{ sequence: number }>(topic, {
        onStart: (start) => view.start(start),
        onMessage: (message) => view.take(message),
        onError: (error) =>
          ledger.fault(`client ${index} ${topic}: ${error.code} ${error.message}`),
      });
    }
    return live;
  });

  const publisher = new Publisher(
    opsPorts.map((port) => `http://127.0.0.1:${port}`),
    TOKEN,
    topics,
    ledger,
  );
  const steps: [what: string, act: () => unknown][] = [
    ["redis is killed", () => redis.kill()],
    ["redis comes back with its data", () => redis.restart()],
    ["instance 2 is killed", () => second.kill("SIGKILL")],
    ["instance 2 comes back", async () => second = await spawn(1)],
    ["redis is killed", () => redis.kill()],
    ["redis comes back empty", () => redis.restart({ empty: true })],
  ];
  const publishing = publisher.run((steps.length / 2) * (QUIET_MS + OUTAGE_MS) + QUIET_MS);
  for (const [index, [what, act]] of steps.entries()) {
    await pause(index % 2 === 0 ? QUIET_MS : OUTAGE_MS);
    say(what);
    await act();
  }
  await publishing;
  proxy.calm();
  const ends = await publisher.finish();

  const behind = () =>
    views.filter(({ topic, view }) => {
      const end = ends.get(topic);
      return end === undefined || !view.hasReached(end);
    });
  const until = Date.now() + CATCH_UP_MS;
  while (behind().length > 0 && Date.now() < until) await pause(OUTAGE_MS / 10);
  for (const { view } of behind()) ledger.fault(`${view} has not reached the end`);
  for (const [topic, end] of ends) {
    const expected = textOf(ledger.stateAt(topic, end));
    for (const { view } of views.filter((each) => each.topic === topic)) {
      const held = textOf(view.state);
      if (held !== expected) ledger.fault(`${view} holds ${held} instead of ${expected}`);
    }
  }
  for (const client of clients) client.close();

  // A log begins a new life when Redis comes back empty, and at no other time; then clients start over.
  if (ledger.maxEpochs !== 2) ledger.fault(`a topic had ${ledger.maxEpochs} epochs, not 2`);
  if (ledger.restarts !== views.length) {
    ledger.fault(`${views.length} subscriptions started over ${ledger.restarts} times`);
  }
  report(ledger, publisher, proxy);
  return ledger.faults.length === 0;
}

function report(ledger: Ledger, publisher: Publisher, proxy: CuttingProxy): void {
  say(`${publisher.published} messages published, ${publisher.failures} calls refused or lost`);
  say(`${proxy.cuts} connections cut`);
  say(`${ledger.delivered} messages delivered live or recovered, in order, each once`);
  say(`${ledger.inSnapshots} messages delivered in snapshots`);
  say(`${ledger.recovered} times a client reconnected and had missed nothing`);
  say(`${ledger.restarts} times a client started over`);
  say(`${ledger.skipped} messages that were reported as skipped`);
  say(`${ledger.faults.length} faults`);
  for (const fault of ledger.faults.slice(0, 20)) say(`  ${fault}`);
}

function textOf(state: ReadonlyMap<string, number>): string {
  return [...state].map((entry) => entry.join("=")).sort().join();
}

function startDirectus(): { url: string; cookie: string } & AsyncDisposable {
  const user = { id: "ada", email: "ada@example.com", password: "demo" };
  const directus = createDirectusStandIn({
    users: [user],
    collections: [{
      name: "events",
      items: topics.map((_, index) => ({ id: index + 1 })),
      readers: [user.email],
    }],
  });
  const server = Deno.serve(
    { hostname: "127.0.0.1", port: 0, onListen() {} },
    (request) => directus.handle(request),
  );
  return {
    url: `http://127.0.0.1:${server.addr.port}`,
    cookie: directus.session(user.email),
    [Symbol.asyncDispose]: () => server.shutdown(),
  };
}

/** Resolves once an instance is ready. */
async function ready(opsPort: number): Promise<void> {
  for (;;) {
    const response = await fetch(`http://127.0.0.1:${opsPort}/readyz`).catch(() => undefined);
    await response?.body?.cancel();
    if (response?.ok) return;
    await pause(OUTAGE_MS / 10);
  }
}

function say(text: string): void {
  const seconds = (performance.now() / 1000).toFixed(1).padStart(6);
  Deno.stdout.writeSync(new TextEncoder().encode(`${seconds} s  ${text}\n`));
}

Deno.exit(await run() ? 0 : 1);
