/**
 * The demo as a process, and its page in a browser.
 *
 * @module
 */

import { assert } from "@std/assert";
import { launchChromium } from "../support/chromium.ts";
import { Program } from "../support/program.ts";

// deno-lint-ignore no-explicit-any -- the types of the driver and of the page are not available here
export type Page = any;

declare const document: Page;

/** The demo as a process, and a browser. */
export interface Demo {
  readonly url: string;
  readonly browser: Page;
  /** Opens the page and logs in, or uses the session of a given context. */
  open(options?: Readonly<Record<string, unknown>>, context?: Page): Promise<Page>;
}

/** Starts the demo and a browser, which end with a stack. */
export async function startDemo(stack: AsyncDisposableStack): Promise<Demo> {
  const demo = stack.use(
    new Program(Deno.execPath(), {
      args: ["task", "-q", "demo"],
      cwd: new URL("../../", import.meta.url),
      env: { DEMO_PORT: "0", LIVE_WS_PORT: "0", OPS_PORT: "0" },
    }),
  );
  const url = (await demo.find(/http:\/\/localhost:\d+/))?.[0];
  assert(url, demo.output);
  const browser = await launchChromium(stack);
  return {
    url,
    browser,
    async open(options?: Readonly<Record<string, unknown>>, context?: Page) {
      const page = await (context ?? await browser.newContext(options ?? {})).newPage();
      await page.goto(url);
      if (context === undefined) await page.click("#login button[type=submit]");
      await isLive(page);
      return page;
    },
  };
}

/** Resolves once a page is connected and shows the race. */
export async function isLive(page: Page): Promise<void> {
  await page.waitForSelector('#state[data-phase="open"]');
  await page.waitForFunction(() => document.querySelectorAll("#board tr").length > 30);
}

/** Resolves once the text of an element matches a pattern. */
export async function says(page: Page, selector: string, pattern: RegExp): Promise<string> {
  const element = page.locator(selector).filter({ hasText: pattern });
  await element.waitFor();
  return await element.textContent();
}
