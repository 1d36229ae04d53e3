/**
 * The client in a real browser, for `deno task test:browser` alone.
 *
 * @module
 */

import { assert, assertEquals } from "@std/assert";
import { cookieOf } from "../support/authorities.ts";
import { launchChromium, withChromium } from "../support/chromium.ts";
import { startDirectus } from "../support/directus.ts";
import { type Live, startLive } from "../support/live.ts";
import { ServerProcess } from "../support/process.ts";
import { Relay } from "./real_server_setup.ts";

/** The part of a browser's page that is used here. */
interface Page {
  goto(url: string): Promise<unknown>;
  evaluate<A, R>(run: (argument: A) => R | Promise<R>, argument: A): Promise<R>;
  readonly clock: { install(): Promise<void>; fastForward(ms: number): Promise<void> };
  waitForFunction<A>(condition: (argument: A) => unknown, argument: A): Promise<unknown>;
}

/** What the tests keep in the page. */
interface Held {
  live: { state: { phase: string; code?: number }; close(): void };
  received: unknown[];
  starts: boolean[];
}

// deno-lint-ignore no-explicit-any -- the global object of the page has its own types
declare const window: any;

/** Serves an empty page that sets a session cookie. */
function servePage(stack: AsyncDisposableStack, cookie = cookieOf("ada")): string {
  const server = Deno.serve(
    { hostname: "127.0.0.1", port: 0, onListen() {} },
    () =>
      new Response("<!DOCTYPE html><title>Test</title>", {
        headers: { "content-type": "text/html", "set-cookie": cookie },
      }),
  );
  stack.defer(() => server.shutdown());
  return `http://127.0.0.1:${server.addr.port}/`;
}

/** Opens a page that subscribes to `event:1` with the client that the server serves. */
async function openPage(
  stack: AsyncDisposableStack,
  live: Pick<Live, "http" | "ws">,
  url = servePage(stack),
): Promise<Page> {
  const browser = await launchChromium(stack);
  const page: Page = await browser.newPage();
  await page.clock.install();
  await page.goto(url);
  await page.evaluate(async ([http, ws]) => {
    const { connect } = await import(`${http}/live/client.js`);
    const held: Held = window.held = { live: connect(ws), received: [], starts: [] };
    window.held.live.subscribe("event:1", {
      onMessage: ({ data }: { data: unknown }) => held.received.push(data),
      onStart: ({ recovered }: { recovered: boolean }) => held.starts.push(recovered),
    });
  }, [live.http, live.ws] as const);
  return page;
}

/** Resolves once the page has received this many starts and messages. */
async function until(page: Page, starts: number, received: number): Promise<void> {
  await page.waitForFunction(
    ([starts, received]) =>
      window.held.starts.length >= starts && window.held.received.length >= received,
    [starts, received] as const,
  );
}

const options = { allowedOrigins: new Set(["*"]) };

Deno.test("client.js in Chromium gets each message once, across breaks", withChromium, async () => {
  await using live = await startLive({ options });
  await using stack = new AsyncDisposableStack();
  const page = await openPage(stack, live);
  await until(page, 1, 0);

  await live.publish("event:1", 1);
  live.connections.at(-1)?.end(1008, "back-pressure threshold exceeded");
  await live.publish("event:1", 2);
  await until(page, 2, 2);
  await live.publish("event:1", 3);
  await until(page, 2, 3);

  const { received, starts }: Held = await page.evaluate(() => window.held, null);
  assertEquals(received, [1, 2, 3]);
  assertEquals(starts, [false, true]);
});

Deno.test(
  "client.js in Chromium replaces a connection whose network drops everything",
  withChromium,
  async () => {
    await using live = await startLive({ options });
    await using stack = new AsyncDisposableStack();
    const relay = stack.use(new Relay(live.port));
    const page = await openPage(stack, { http: live.http, ws: `ws://127.0.0.1:${relay.port}` });
    await until(page, 1, 0);

    relay.drop();
    await live.publish("event:1", 1);
    await page.clock.fastForward(35_000);
    await page.clock.fastForward(5_000);
    await until(page, 2, 1);

    const { received, starts }: Held = await page.evaluate(() => window.held, null);
    assertEquals(received, [1]);
    assertEquals(starts, [false, true]);
  },
);

Deno.test("client.js in Chromium reads why its upgrade was refused", withChromium, async () => {
  await using live = await startLive({
    options: { allowedOrigins: new Set(["https://a.example"]) },
  });
  await using stack = new AsyncDisposableStack();
  const page = await openPage(stack, live);

  await page.waitForFunction(() => window.held.live.state.phase === "closed", null);

  assertEquals(await page.evaluate(() => window.held.live.state.code, null), 4403);
});

Deno.test(
  "client.js in Chromium probes its connection when it is online again",
  withChromium,
  async () => {
    await using live = await startLive({ options });
    await using stack = new AsyncDisposableStack();
    const page = await openPage(stack, live);
    await until(page, 1, 0);
    await page.evaluate(() => window.dispatchEvent(new Event("online")), null);
    await live.metrics.until(({ outbound }) => outbound.pong === 1);

    assert(live.connections.length === 1);
  },
);

Deno.test(
  "client.js in Chromium starts over with a server that was restarted",
  withChromium,
  async () => {
    await using stack = new AsyncDisposableStack();
    const { directus, url } = stack.use(startDirectus());
    const env = {
      DIRECTUS_BASE_URL: url,
      LIVE_ALLOWED_ORIGINS: "*",
      LIVE_TOPICS: "event=events",
      LIVE_PUBLISH_TOKEN: "the-publish-token-of-the-tests",
    };
    const first = stack.use(await ServerProcess.spawn(env));
    const { live } = await first.ports();
    const cookie = directus.session("ada@example.com");
    const addresses = { http: `http://127.0.0.1:${live}`, ws: `ws://127.0.0.1:${live}` };
    const page = await openPage(stack, addresses, servePage(stack, cookie));
    await until(page, 1, 0);

    first.kill("SIGTERM");
    await first.ended;
    const second = stack.use(await ServerProcess.spawn({ ...env, LIVE_WS_PORT: `${live}` }));
    const { ops } = await second.ports();
    await until(page, 2, 0);
    const response = await fetch(`http://127.0.0.1:${ops}/publish`, {
      method: "POST",
      headers: {
        authorization: `Bearer ${env.LIVE_PUBLISH_TOKEN}`,
        "content-type": "application/json",
      },
      body: '{"topic":"event:1","data":"after the restart"}',
    });
    await response.body?.cancel();
    await until(page, 2, 1);

    const { received }: Held = await page.evaluate(() => window.held, null);
    assertEquals(received, ["after the restart"]);
  },
);
