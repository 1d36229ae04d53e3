/**
 * An example app in Chromium.
 *
 * @module
 */

import { assert, assertEquals } from "@std/assert";
import { launchChromium } from "../../support/chromium.ts";

// deno-lint-ignore no-explicit-any -- the driver's types are not there before it is imported
type Any = any;

// deno-lint-ignore no-explicit-any -- the global object of the page has its own types
declare const document: any;
declare const requestAnimationFrame: (callback: (value: unknown) => void) => void;

/** A WebSocket of the page to the live server. */
interface PageSocket {
  /** The messages that the page has sent, in the form `subscribe event:1`. */
  readonly sent: string[];
  /** The driver's object. */
  readonly socket: Any;
}

/** What the page's components show, two of each kind. */
export interface Shown {
  readonly status: string[];
  readonly cars: string[];
  readonly log: string[];
  readonly entries: string[];
}

/** A page with an example app. */
export class AppPage {
  readonly #page: Any;
  readonly #sockets: PageSocket[] = [];
  /** What the page has written to its console. */
  readonly console: string[] = [];
  /** Errors and warnings of the page. */
  readonly complaints: string[] = [];

  private constructor(page: Any) {
    this.#page = page;
    page.on("console", (message: Any) => {
      this.console.push(message.text());
      if (["error", "warning"].includes(message.type())) this.complaints.push(message.text());
    });
    page.on("pageerror", (error: unknown) => this.complaints.push(String(error)));
    page.on("websocket", (socket: Any) => {
      if (!socket.url().includes("reject=close")) return; // of the development server
      const sent: string[] = [];
      socket.on("framesent", ({ payload }: { payload: string }) => {
        const { type, topic, view } = JSON.parse(payload);
        sent.push(`${type} ${view?.collection ?? String(topic).replace(/^view:.*/, "view")}`);
      });
      this.#sockets.push({ sent, socket });
    });
  }

  /** Opens a page. */
  static async open(stack: AsyncDisposableStack, url: string, cookie?: string): Promise<AppPage> {
    const browser = await launchChromium(stack);
    const context = await browser.newContext();
    if (cookie !== undefined) {
      const [, name = "", value = ""] = /^([^=]+)=([^;]*)/.exec(cookie) ?? [];
      await context.addCookies([{ name, value, url: "http://127.0.0.1" }]);
    }
    const page = new AppPage(await context.newPage());
    await page.#page.goto(url);
    return page;
  }

  /** Clicks a button. */
  async click(id: "show" | "switch"): Promise<void> {
    await this.#page.click(`#${id}`);
  }

  /** Clicks a button twice, so that nothing lingers between. */
  async clickTwice(id: "show" | "switch"): Promise<void> {
    await this.#page.evaluate(async (id: string) => {
      document.querySelector(`#${id}`).click();
      await new Promise((resolve) => requestAnimationFrame(resolve)); // the framework has updated
      document.querySelector(`#${id}`).click();
    }, id);
  }

  /** Resolves once the components show what is expected: two of each kind, or none. */
  async until(expected: Partial<Record<keyof Shown, string>> | "nothing"): Promise<void> {
    const wanted = expected === "nothing"
      ? { status: [], cars: [], log: [], entries: [] }
      : Object.fromEntries(Object.entries(expected).map(([name, text]) => [name, [text, text]]));
    try {
      await this.#page.waitForFunction(
        (wanted: Record<string, string[]>) =>
          Object.entries(wanted).every(([name, texts]) => {
            const elements = [...document.querySelectorAll(`.${name}`)];
            const shown = elements.map((element) =>
              element.children.length > 0
                ? [...element.children].map((child: Any) => child.textContent).join(", ")
                : element.textContent.trim()
            );
            return JSON.stringify(shown) === JSON.stringify(texts);
          }),
        wanted,
        { timeout: 60_000 },
      );
    } catch (error) {
      const shown = await this.#page.evaluate(() => document.body.innerHTML);
      throw new Error(`The page shows ${shown}\n${this.complaints.join("\n")}`, { cause: error });
    }
  }

  /** Resolves once a text is on the page. */
  async untilText(text: string): Promise<void> {
    await this.#page.waitForFunction(
      (text: string) => document.body.textContent.includes(text),
      text,
    );
  }

  /** How many connections to the live server the page has opened. */
  get connections(): number {
    return this.#sockets.length;
  }

  /** Resolves once the page has opened a connection to the live server. */
  async connecting(): Promise<void> {
    while (this.#sockets.length === 0) await this.#page.waitForEvent("websocket");
  }

  /** Resolves once the last connection is closed. */
  async closed(): Promise<void> {
    const { socket } = this.#last;
    while (!socket.isClosed()) {
      await socket.waitForEvent("close").catch((error: Error) => {
        // A socket that is closed before it is open reports an error before the close.
        if (error.name === "TimeoutError") throw error;
      });
    }
  }

  /** Resolves once the page has sent these messages on its last connection, in any order. */
  async sent(messages: readonly string[]): Promise<void> {
    const { sent, socket } = this.#last;
    while (sent.length < messages.length) await socket.waitForEvent("framesent");
    assertEquals(sent.toSorted(), messages.toSorted());
  }

  get #last(): PageSocket {
    const last = this.#sockets.at(-1);
    assert(last !== undefined, "the page has opened no connection");
    return last;
  }
}
