/**
 * The status page in a real browser, for `deno task test:browser` alone. Its screenshots are in
 * `artifacts/`.
 *
 * @module
 */

import { assert, assertEquals, assertMatch } from "@std/assert";
import { launchChromium, withChromium } from "../support/chromium.ts";
import { CrowdedServer, TOKEN } from "./page_setup.ts";

// deno-lint-ignore no-explicit-any -- the types of the driver and of the page are not available here
type Page = any;

declare const document: Page;
declare const window: Page;

const ARTIFACTS = new URL("../../artifacts/", import.meta.url).pathname;

/** A name that is markup, and would run if it were not shown as text. */
const HOSTILE = `event:<img src=x onerror="document.title='run'">`;

/** A server and a browser, which end with the test. */
class Setup implements AsyncDisposable {
  readonly #stack = new AsyncDisposableStack();
  server!: CrowdedServer;
  browser: Page;
  /** What the pages wrote to their consoles, and requests to other hosts. */
  readonly complaints: string[] = [];

  static async start(env?: Readonly<Record<string, string>>): Promise<Setup> {
    const setup = new Setup();
    setup.server = setup.#stack.use(await CrowdedServer.start(env));
    setup.browser = await launchChromium(setup.#stack);
    return setup;
  }

  /** Opens the page, and enters the token. */
  async open(options: Readonly<Record<string, unknown>> = {}, token = TOKEN): Promise<Page> {
    const page = await (await this.browser.newContext(options)).newPage();
    page.on("console", (message: Page) => this.complaints.push(message.text()));
    page.on("pageerror", (error: unknown) => this.complaints.push(String(error)));
    page.on("request", (request: Page) => {
      const { protocol, port } = new URL(request.url());
      const isOwn = protocol === "data:" || port === `${this.server.ops}`;
      if (!isOwn) this.complaints.push(request.url());
    });
    await page.goto(this.server.url);
    await page.keyboard.type(token); // the field has the focus
    await page.keyboard.press("Enter");
    return page;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#stack.disposeAsync();
  }
}

/** Resolves once an element with a text is visible. */
async function sees(page: Page, selector: string, hasText: string | RegExp): Promise<Page> {
  const found = page.locator(selector).filter({ hasText }).first();
  await found.waitFor();
  return found;
}

Deno.test(
  "the status page shows 5,000 connections, on a screen, in the dark and on a phone",
  withChromium,
  async () => {
    await using setup = await Setup.start();
    const { server } = setup;
    await server.connect(5_000, (n) => n % 2 === 0 ? "event:42" : `event:${n}`);

    for (
      const [name, options] of [
        ["light", { viewport: { width: 1360, height: 900 }, colorScheme: "light" }],
        ["dark", { viewport: { width: 1360, height: 900 }, colorScheme: "dark" }],
        ["phone", { viewport: { width: 390, height: 844 }, isMobile: true, hasTouch: true }],
      ] as const
    ) {
      const page = await setup.open(options);
      await sees(page, "#connections .summary", "the first 20 of 5,000");
      await sees(page, "#topics .summary", "the first 20 of 2,501");
      await server.publish([{ topic: "event:42", key: "car", data: { x: 1 } }]);
      await sees(page, "#topics tbody tr:first-child", "event:42");
      await sees(page, "#plots article:nth-child(2) dd", /^[1-9]/); // delivered
      assertEquals(await page.locator("#connections tbody tr").count(), 20);
      await page.screenshot({ path: `${ARTIFACTS}status-${name}.png` });
      await page.locator("#connections").scrollIntoViewIfNeeded();
      await page.screenshot({ path: `${ARTIFACTS}status-${name}-connections.png` });
      const overflow = await page.evaluate(() =>
        document.documentElement.scrollWidth - window.innerWidth
      );
      assert(overflow <= 0, `${name}: nothing is wider than the screen`);

      await page.fill("#search-connections", "u4711@");
      await sees(page, "#connections .summary", "1 found among 5,000");
      await sees(page, "#connections tbody td.name", "u4711@example.com");
      await page.context().close();
    }
    assertEquals(setup.complaints, []);
  },
);

Deno.test(
  "the status page refuses a wrong token, and keeps a right one in its memory only",
  withChromium,
  async () => {
    await using setup = await Setup.start();

    const page = await setup.open({}, "a-token-that-is-wrong");
    await sees(page, "#login-error", "Authorization must carry the publish token");
    await page.fill("#token", TOKEN);
    await page.keyboard.press("Enter");
    await sees(page, "#instance", "berlin-1");

    const kept = await page.evaluate(() =>
      JSON.stringify([
        window.localStorage,
        window.sessionStorage,
        document.cookie,
        window.location.href,
      ]) +
      document.documentElement.outerHTML + document.querySelector("#token").value
    );
    assert(!kept.includes(TOKEN));
    await page.reload();
    await page.locator("#token").waitFor();
    assertEquals(await page.locator("#app").isVisible(), false);
  },
);

Deno.test(
  "the status page shows names of clients and publishers as text",
  withChromium,
  async () => {
    await using setup = await Setup.start();
    const { server } = setup;
    await server.connect(1, () => HOSTILE);
    const page = await setup.open();

    await (await sees(page, "#topics .name button", HOSTILE)).click();
    await server.publish([{
      topic: HOSTILE,
      key: "<b>key</b>",
      data: "<script>alert(1)</script>",
    }]);

    await sees(page, "#topic-messages li", "<b>key</b>");
    await sees(page, "#topic-messages code", "<script>alert(1)</script>");
    await sees(page, "#connections td.names", HOSTILE);
    assertEquals(await page.locator("img, #topic-messages b b").count(), 0);
    assertMatch(await page.title(), /^berlin-1/);
    assertEquals(setup.complaints, []);
  },
);

Deno.test(
  "the status page looks into a topic, publishes and revokes with the keyboard alone",
  withChromium,
  async () => {
    await using setup = await Setup.start();
    const { server } = setup;
    await server.connect(3, () => "event:42");
    const page = await setup.open();
    await sees(page, "#connections .summary", "3");
    const tabTo = async (selector: string) => {
      const isThere = () =>
        page.evaluate((selector: string) => document.activeElement.matches(selector), selector);
      for (let presses = 0; !await isThere(); presses++) {
        assert(presses < 60, `a Tab leads to ${selector}`);
        await page.keyboard.press("Tab");
      }
    };

    await tabTo("#topics .name button");
    await page.keyboard.press("Enter");
    await sees(page, "#topic-summary", /^3 subscribers/);
    await tabTo("#publish-key");
    await page.keyboard.type("car-1");
    await tabTo("#publish .primary");
    await page.keyboard.press("Enter");
    await sees(page, "#topic-latest li", "car-1");
    await sees(page, "#topic-messages code", '{"test":true}');
    await page.keyboard.press("Escape");
    await page.locator("#topic").waitFor({ state: "hidden" });

    await tabTo("#connections .actions button:nth-child(2)");
    await page.keyboard.press("Enter");
    await sees(page, "#confirm p", /^All connections of u\d@example\.com/);
    await page.keyboard.press("Enter"); // the focus is on Cancel
    await page.locator("#confirm").waitFor({ state: "hidden" });
    assertEquals((await server.status()).connections.total, 3);
    // Asks, cancels, and asks again before the browser tells that the first dialog has closed.
    await page.evaluate(() => {
      for (let clicks = 0; clicks < 3; clicks++) document.activeElement.click();
    });
    await page.keyboard.press("Tab");
    await page.keyboard.press("Enter");

    await sees(page, ".toast", "Closed 1 connection");
    await sees(page, "#connections .summary", /^2$/);
    assertEquals((await server.status()).connections.total, 2);
  },
);

Deno.test(
  "the status page says that the server does not answer, and goes on when it does",
  withChromium,
  async () => {
    await using setup = await Setup.start();
    const page = await setup.open();
    await sees(page, "#health", "ready");

    await page.context().setOffline(true);
    await sees(page, "#trouble", /^No answer for /);
    await page.context().setOffline(false);

    await sees(page, "#health", "ready");
    assertEquals(await page.textContent("#trouble"), "");
  },
);

Deno.test("no other page can frame the status page, nor read from it", withChromium, async () => {
  await using setup = await Setup.start();
  const page = await (await setup.browser.newContext()).newPage();
  await page.route("http://foreign.example/", (route: Page) =>
    route.fulfill({
      contentType: "text/html",
      body: `<!DOCTYPE html><iframe src="${setup.server.url}"></iframe>`,
    }));
  await page.goto("http://foreign.example/");

  const frame = page.frames()[1];
  assertEquals(await frame?.locator("#token").count() ?? 0, 0);
  const read = await page.evaluate(
    (url: string) => fetch(url).then(() => "read", () => "refused"),
    setup.server.url,
  );
  assertEquals(read, "refused");
});
