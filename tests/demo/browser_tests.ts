/**
 * The demo in a real browser, for `deno task test:browser` alone. Its screenshots are in `artifacts/`.
 *
 * @module
 */

import { assert, assertEquals, assertMatch } from "@std/assert";
import { withChromium } from "../support/chromium.ts";
import { isLive, type Page, says, startDemo } from "./browser_setup.ts";

declare const document: Page;
declare const window: Page;

const ARTIFACTS = new URL("../../artifacts/", import.meta.url).pathname;

/** Resolves once the vehicles have moved: the pixels of the track have changed. */
async function move(page: Page): Promise<void> {
  const before = await page.evaluate(() => document.querySelector("#track").toDataURL());
  await page.waitForFunction(
    (before: string) => document.querySelector("#track").toDataURL() !== before,
    before,
  );
}

/** Collects the offsets of the race, over all sockets of a page. */
function offsetsOf(page: Page): number[] {
  const offsets: number[] = [];
  page.on("websocket", (socket: Page) => {
    socket.on("framereceived", ({ payload }: { payload: string }) => {
      for (const message of [JSON.parse(payload)].flat()) {
        if (message.topic !== "event:42") continue;
        if (message.type === "message") offsets.push(message.offset);
        if (message.type === "subscribed" && message.recovered) {
          offsets.push(...message.messages.map(({ offset }: { offset: number }) => offset));
        }
      }
    });
  });
  return offsets;
}

for (
  const [name, options] of [
    ["light", { viewport: { width: 1200, height: 1160 }, colorScheme: "light" }],
    ["dark", { viewport: { width: 1200, height: 1160 }, colorScheme: "dark" }],
    ["phone", { viewport: { width: 390, height: 844 }, isMobile: true, hasTouch: true }],
  ] as const
) {
  Deno.test(`the demo moves without input: ${name}`, withChromium, async () => {
    await using stack = new AsyncDisposableStack();
    const page = await (await startDemo(stack)).open(options);
    await move(page);
    await says(page, "#delay", /\d ms/);
    await page.screenshot({ path: `${ARTIFACTS}${name}.png`, fullPage: name === "phone" });
    const overflow = await page.evaluate(() =>
      document.documentElement.scrollWidth - window.innerWidth
    );
    assert(overflow <= 0, "nothing is wider than the screen");
  });
}

Deno.test("the demo removes a vehicle that retires from the page", withChromium, async () => {
  await using stack = new AsyncDisposableStack();
  const page = await (await startDemo(stack)).open();

  const text = await says(page, "#retired", /^\w+ \(\d+\) has retired/);

  const [name = ""] = text.split(" ");
  const standings = await page.locator("#board th").allTextContents();
  assert(!standings.some((row: string) => row.endsWith(name)), `${name}: ${standings}`);
});

Deno.test(
  "the demo shows two users what each of them may read of a list",
  withChromium,
  async () => {
    await using stack = new AsyncDisposableStack();
    const page = await (await startDemo(stack)).open();
    const [ada, grace] = ["#entries article:nth-child(1)", "#entries article:nth-child(2)"];

    await says(page, `${ada} .summary`, /^\d+ rows with id, name, status, stops\.$/);
    await says(page, `${grace} .summary`, /^10 rows with id, name, status, stops, fuel\.$/);
    await says(page, `${grace} .received`, /^[2-9]\d messages/); // 10 rows, and then changes
    await page.selectOption("#entries [name=sort]", "fuel");

    await says(page, `${ada} [role=alert]`, /^forbidden: .*"fuel"/);
    await says(page, `${grace} .summary`, /^10 rows/);
    const fuel = await page.locator(`${grace} td:last-child`).allTextContents();
    const levels = fuel.map((text: string) => Number.parseInt(text));
    assertEquals(levels, levels.toSorted((a: number, b: number) => a - b));
  },
);

Deno.test("the demo misses no message when its connection is cut", withChromium, async () => {
  await using stack = new AsyncDisposableStack();
  const { url, browser } = await startDemo(stack);
  const page = await (await browser.newContext()).newPage();
  const offsets = offsetsOf(page);
  await page.goto(url);
  await page.click("#login button[type=submit]");
  await isLive(page);

  await page.click("#cut");
  await says(page, "#line", /^Recovered: [\d,]+ missed messages/);
  await isLive(page);

  const gaps = offsets.filter((offset, index) =>
    index > 0 && offset !== (offsets[index - 1] ?? 0) + 1
  );
  assertEquals(gaps, []);
});

Deno.test(
  "the demo conflates a slow client, and then sends it everything again",
  withChromium,
  async () => {
    await using stack = new AsyncDisposableStack();
    const page = await (await startDemo(stack)).open();

    await page.click("#slow");
    await says(page, "#line", /^[\d,]+ messages skipped/);
    await page.screenshot({ path: `${ARTIFACTS}slow.png` });
    assertEquals(await page.getAttribute("#slow", "aria-pressed"), "true");
    await page.click("#slow");
    await says(page, "#line", /^Fast again/);

    await says(page, "#rate", /^[34]\d\d$/);
    await move(page);
  },
);

Deno.test("the demo reconnects when the browser is online again", withChromium, async () => {
  await using stack = new AsyncDisposableStack();
  const { open, browser } = await startDemo(stack);
  const page = await open();

  await page.evaluate(() => document.querySelector("#cut").click());
  await browser.contexts()[0].setOffline(true);
  await page.waitForSelector('#state[data-phase="waiting"]');
  await browser.contexts()[0].setOffline(false);

  await isLive(page);
  await move(page);
});

Deno.test("the demo ends all tabs of a session when one logs out", withChromium, async () => {
  await using stack = new AsyncDisposableStack();
  const { open, browser } = await startDemo(stack);
  const first = await open();
  const second = await open({}, browser.contexts()[0]);
  await move(first);
  await move(second);

  await second.click("#logout");

  await first.waitForSelector('body[data-view="login"]');
  assertMatch(await first.textContent("#login-error"), /session/);
});

Deno.test("the demo's live server refuses a page of another origin", withChromium, async () => {
  await using stack = new AsyncDisposableStack();
  const { open, browser, url } = await startDemo(stack);
  await open();
  const server = Deno.serve(
    { hostname: "127.0.0.1", port: 0, onListen() {} },
    () => new Response("<!DOCTYPE html>", { headers: { "content-type": "text/html" } }),
  );
  stack.defer(() => server.shutdown());
  const { livePort } = await (await fetch(`${url}/demo.json`)).json();
  const foreign = await browser.contexts()[0].newPage();
  await foreign.goto(`http://localhost:${server.addr.port}/`);

  const codes = await foreign.evaluate(
    (urls: string[]) =>
      Promise.all(urls.map((url) =>
        new Promise((resolve) => {
          new WebSocket(url).onclose = ({ code }) => resolve(code);
        })
      )),
    ["", "?reject=close"].map((query) => `ws://localhost:${livePort}/${query}`),
  );

  assertEquals(codes, [1006, 4403]);
});

Deno.test("the demo can be used with the keyboard alone", withChromium, async () => {
  await using stack = new AsyncDisposableStack();
  const { url, browser } = await startDemo(stack);
  const page = await (await browser.newContext()).newPage();
  await page.goto(url);
  await page.waitForSelector('body[data-view="login"]');
  await page.keyboard.press("Enter"); // the form has the focus
  await isLive(page);

  const focused = () => page.evaluate(() => document.activeElement.id);
  for (let presses = 0; await focused() !== "practice"; presses++) {
    assert(presses < 20, "a Tab leads there");
    await page.keyboard.press("Tab");
  }
  await page.keyboard.press("Enter");

  await says(page, "#answer", /"code": "forbidden"/);
});

Deno.test(
  "the demo's inspector subscribes to any topic, and unsubscribes",
  withChromium,
  async () => {
    await using stack = new AsyncDisposableStack();
    const page = await (await startDemo(stack)).open();
    await page.check("#answers-only");

    await page.fill("#inspect input", "event:44");
    await page.keyboard.press("Enter");
    await says(page, "#answer", /"type": "subscribed"/);
    assertEquals(await page.textContent("#topics code"), "event:44");
    await page.click("#topics button");

    await says(page, "#answer", /"type": "unsubscribed"/);
    await says(page, "#log", /"topic":"event:44"/);
    assertEquals(await page.locator("#topics li").count(), 0);
  },
);
