/**
 * The supervisor, with listeners of this process in place of processes.
 *
 * @module
 */

import { assertEquals, assertRejects } from "@std/assert";
import { FakeTime } from "@std/testing/time";
import type { Child } from "../../live/processes/member.ts";
import { Supervisor } from "../../live/processes/supervisor.ts";
import { turn } from "../support/queue.ts";
import { RecordingLogger } from "../support/recorders.ts";

/** A process that is a listener in this one. */
class FakeProcess implements Child {
  /** What it answers to a path. */
  answer: (request: Request, path: string) => Promise<Response> | Response;
  /** Calls that arrived. */
  readonly calls: string[] = [];
  readonly #ended = Promise.withResolvers<number>();
  readonly #server: Deno.HttpServer;

  constructor(index: number, port: number) {
    this.answer = () => new Response(`${index}`);
    this.#server = Deno.serve({ hostname: "127.0.0.1", port, onListen() {} }, (request) => {
      const { pathname } = new URL(request.url);
      if (pathname !== "/healthz") this.calls.push(`${request.method} ${pathname}`);
      return this.answer(request, pathname);
    });
  }

  get ended(): Promise<number> {
    return this.#ended.promise;
  }

  stop(): void {
    this.end(0);
  }

  async end(code: number): Promise<void> {
    await this.#server.shutdown();
    this.#ended.resolve(code);
  }
}

interface Setup extends AsyncDisposable {
  readonly supervisor: Supervisor;
  readonly processes: FakeProcess[];
  readonly logger: RecordingLogger;
  ask(path: string, init?: RequestInit): Promise<Response>;
}

async function setUp(count = 2): Promise<Setup> {
  const processes: FakeProcess[] = [];
  const logger = new RecordingLogger();
  const supervisor = new Supervisor({
    count,
    spawn: (index, port) => processes[index] = new FakeProcess(index, port),
    host: "127.0.0.1",
    port: 0,
    logger,
  });
  assertEquals(await supervisor.start(), undefined);
  const { fields } = await logger.line("ops listener started");
  return {
    supervisor,
    processes,
    logger,
    ask: (path, init) => fetch(`http://127.0.0.1:${fields["port"]}${path}`, init),
    [Symbol.asyncDispose]: () => supervisor.stop(),
  };
}

Deno.test("Supervisor passes calls on to its processes in turn, unchanged", async () => {
  await using setup = await setUp();
  for (const process of setup.processes) {
    process.answer = async (request) =>
      Response.json([request.headers.get("authorization"), await request.text()], { status: 202 });
  }
  const headers = { authorization: "Bearer x", "content-type": "application/json", cookie: "no" };
  for (let i = 0; i < 3; i++) {
    const response = await setup.ask("/publish", { method: "POST", headers, body: `{"a":${i}}` });
    assertEquals([response.status, await response.json()], [202, ["Bearer x", `{"a":${i}}`]]);
  }
  const publish = "POST /publish";
  assertEquals(setup.processes.map(({ calls }) => calls), [[publish, publish], [publish]]);
});

Deno.test("Supervisor answers /healthz without a process", async () => {
  await using setup = await setUp();
  const response = await setup.ask("/healthz");
  assertEquals(await response.json(), { status: "ok" });
  assertEquals(setup.processes.map(({ calls }) => calls), [[], []]);
});

Deno.test("Supervisor is ready if all processes are, and otherwise says why", async () => {
  await using setup = await setUp();
  for (const process of setup.processes) process.answer = () => Response.json({ status: "ready" });
  const ready = await setup.ask("/readyz");
  assertEquals([ready.status, await ready.json()], [200, { status: "ready" }]);

  const reason = { status: "draining", reason: "server is draining" };
  for (const process of setup.processes.slice(1)) {
    process.answer = () => Response.json(reason, { status: 503 });
  }
  const draining = await setup.ask("/readyz");
  assertEquals([draining.status, await draining.json()], [503, reason]);
});

Deno.test("Supervisor joins its processes' metrics", async () => {
  await using setup = await setUp();
  for (const [index, process] of setup.processes.entries()) {
    process.answer = () => new Response(`m ${index + 1}\n`, { headers: { "content-type": "x/y" } });
  }
  const response = await setup.ask("/metrics");
  assertEquals([response.headers.get("content-type"), await response.text()], ["x/y", "m 3\n"]);
});

Deno.test("Supervisor answers 503 for a process that does not answer", async () => {
  await using setup = await setUp(1);
  const [process] = setup.processes;
  await process?.end(1);
  await setup.logger.line("process ended; restarting it");
  const response = await setup.ask("/publish", { method: "POST", body: "{}" });
  assertEquals([response.status, response.headers.get("retry-after")], [503, "5"]);
  const readyz = await setup.ask("/readyz");
  assertEquals(readyz.status, 503);
  await Promise.all([response.body?.cancel(), readyz.body?.cancel()]);
});

Deno.test("Supervisor restarts a process that ends, with rising delays", async () => {
  const time = new FakeTime();
  const starts: number[] = [];
  let child = Promise.withResolvers<number>();
  const server = Deno.serve(
    { hostname: "127.0.0.1", port: 0, onListen() {} },
    () => new Response(),
  );
  const logger = new RecordingLogger();
  const supervisor = new Supervisor({
    count: 1,
    spawn() {
      starts.push(time.now);
      child = Promise.withResolvers<number>();
      return { ended: child.promise, stop: () => child.resolve(0) };
    },
    freePort: () => server.addr.port,
    host: "127.0.0.1",
    port: 0,
    logger,
  });
  const startedAt = time.now;
  await supervisor.start();
  for (let failures = 1; failures <= 7; failures++) {
    child.resolve(1);
    while (logger.of("error").length < failures) await turn();
    while (starts.length === failures) time.next();
  }
  assertEquals(starts.map((at) => at - startedAt), [
    0,
    1_000,
    3_000,
    7_000,
    15_000,
    31_000,
    61_000,
    91_000,
  ]);
  time.restore();
  await supervisor.stop();
  await server.shutdown();
});

Deno.test("Supervisor.start() stops all processes and resolves to the exit code if one ends at once", async () => {
  const stopped: number[] = [];
  const supervisor = new Supervisor({
    count: 2,
    spawn(index, port) {
      const { promise, resolve } = Promise.withResolvers<number>();
      if (index === 1) return { ended: Promise.resolve(1), stop() {} };
      const server = Deno.serve(
        { hostname: "127.0.0.1", port, onListen() {} },
        () => new Response(),
      );
      const stop = async () => {
        stopped.push(index);
        await server.shutdown();
        resolve(0);
      };
      return { ended: promise, stop };
    },
    host: "127.0.0.1",
    port: 0,
    logger: new RecordingLogger(),
  });
  assertEquals([await supervisor.start(), stopped], [1, [0]]);
});

Deno.test("Supervisor.start() rejects without the permission to start processes", async () => {
  const supervisor = new Supervisor({
    count: 1,
    spawn() {
      throw new Deno.errors.NotCapable("Requires run access");
    },
    host: "127.0.0.1",
    port: 0,
    logger: new RecordingLogger(),
  });
  await assertRejects(() => supervisor.start(), Deno.errors.NotCapable);
  await supervisor.stop();
});
