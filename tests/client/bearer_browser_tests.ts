/**
 * Bearer tokens in a real browser, for `deno task test:browser` alone.
 *
 * @module
 */

import { assertEquals } from "@std/assert";
import { cookieOf } from "../support/authorities.ts";
import { launchChromium, withChromium } from "../support/chromium.ts";
import { startLive } from "../support/live.ts";

/** The part of a browser's page that is used here. */
interface Page {
  goto(url: string): Promise<unknown>;
  evaluate<A, R>(run: (argument: A) => R | Promise<R>, argument: A): Promise<R>;
}

/** Serves an empty page that sets a cookie. */
function servePage(stack: AsyncDisposableStack, cookie: string): string {
  const server = Deno.serve(
    { hostname: "127.0.0.1", port: 0, onListen() {} },
    () =>
      new Response("<!DOCTYPE html><title>Test</title>", {
        headers: { "content-type": "text/html", "set-cookie": `${cookie}; HttpOnly; Path=/` },
      }),
  );
  stack.defer(() => server.shutdown());
  return `http://127.0.0.1:${server.addr.port}`;
}

Deno.test(
  "a page of an allowed origin in Chromium opens a stream with a bearer token",
  withChromium,
  async () => {
    await using stack = new AsyncDisposableStack();
    const url = servePage(stack, cookieOf("bob"));
    await using live = await startLive({ options: { allowedOrigins: new Set([url]) } });
    const page: Page = await (await launchChromium(stack)).newPage();
    await page.goto(url);

    const first = await page.evaluate(async (http) => {
      const headers = { authorization: "Bearer ada" };
      const response = await fetch(`${http}/sse?topic=event:1`, { headers });
      const reader = response.body?.pipeThrough(new TextDecoderStream()).getReader();
      const { value = "" } = await reader?.read() ?? {};
      await reader?.cancel();
      return value;
    }, live.http);

    assertEquals(/"user":\{"id":"(\w+)"/.exec(first)?.[1], "ada");
  },
);
