/**
 * The example apps for React, Vue and Svelte: built with Vite, and run in Chromium against a server
 * process. For `deno task test:client` alone.
 *
 * @module
 */

import { assertEquals, assertStringIncludes } from "@std/assert";
import { withChromium } from "../../support/chromium.ts";
import { startLive } from "../../support/live.ts";
import { AppPage } from "./app_page.ts";
import { type Framework, FRAMEWORKS, Workspace } from "./workspace.ts";
import { World } from "./world.ts";

/** What the components of a page subscribe to, two of them each. */
const SUBSCRIPTIONS = ["subscribe event:1", "subscribe entries"];

/** The builds under test. React runs effects twice in a build for development only. */
const MODES = {
  react: ["development", "production"],
  vue: ["production"],
  svelte: ["production"],
} as const;

/** Opens an app; its data has arrived. */
async function openApp(
  world: World,
  stack: AsyncDisposableStack,
  folder: string,
): Promise<AppPage> {
  const page = await AppPage.open(stack, world.servePage(stack, folder));
  await page.until({ status: "open", entries: "Ada, Grace" });
  await page.sent(SUBSCRIPTIONS);
  return page;
}

/** Messages before, during and after a restart of the server. */
async function checkMessages(folder: string, mode: string): Promise<void> {
  await using world = await World.start();
  await using stack = new AsyncDisposableStack();
  const page = await openApp(world, stack, folder);
  // Only a React that runs the effects of StrictMode twice writes this.
  const isStrict = page.console.some((text) => text.includes("React DevTools"));
  assertEquals(isStrict, mode === "development");
  await world.publish("event:1", ["a", 1], ["b", 2]);
  await page.until({ cars: "a at 1, b at 2", log: "1 2" });
  await world.rename(1, "Lovelace");
  await page.until({ entries: "Grace, Lovelace" });

  await world.restart();
  await world.publish("event:1", ["c", 3]);
  await world.publish("event:1", ["d", 4]);
  await page.until({ status: "open", cars: "c at 3, d at 4", log: "1 2 3 4" });
  await world.rename(1, "Ada");
  await world.publish("event:1", ["c", 5]);

  await page.until({ cars: "d at 4, c at 5", log: "1 2 3 4 5", entries: "Ada, Grace" });
  await page.sent(SUBSCRIPTIONS);
  assertEquals(await world.connections(1), 1);
}

/** Components that come and go. */
async function checkUnmount(folder: string): Promise<void> {
  await using world = await World.start();
  await using stack = new AsyncDisposableStack();
  const page = await openApp(world, stack, folder);
  await page.clickTwice("show");
  await page.until({ status: "open", entries: "Ada, Grace" });
  await page.click("switch");
  await world.publish("event:2", ["z", 9]);
  await page.until({ cars: "z at 9" });
  await page.sent([...SUBSCRIPTIONS, "subscribe event:2", "unsubscribe event:1"]);

  await page.click("show");
  await page.until("nothing");
  await page.closed();
  assertEquals([page.connections, await world.connections(0)], [1, 0]);

  await page.click("show");
  await page.until({ status: "open", cars: "z at 9", entries: "Ada, Grace" });
  assertEquals([page.connections, await world.connections(1)], [2, 1]);
  assertEquals(page.complaints, []);
}

/** Components that are removed before Directus has identified the user. */
async function checkUnmountDuringConnect(folder: string): Promise<void> {
  await using world = await World.start();
  await using stack = new AsyncDisposableStack();
  const release = world.hold();
  const page = await AppPage.open(stack, world.servePage(stack, folder));
  await page.connecting();
  await page.until({ status: "connecting" });

  await page.click("show");
  await page.closed();
  release();

  assertEquals(await world.connections(0), 0);
  await page.click("show");
  await page.until({ status: "open", entries: "Ada, Grace" });
  assertEquals(page.connections, 2);
}

/** A page whose content a server has rendered. */
async function checkServerRendering(folder: string, content: string): Promise<void> {
  assertStringIncludes(content, "connecting");
  await using world = await World.start();
  await using stack = new AsyncDisposableStack();
  const page = await AppPage.open(stack, world.servePage(stack, folder, content));

  await page.until({ status: "open", entries: "Ada, Grace" });

  await page.sent(SUBSCRIPTIONS);
  assertEquals([page.connections, page.complaints], [1, []]);
}

/** The file of the component that shows cars. */
const CARS = { react: "App.tsx", vue: "Cars.vue", svelte: "Cars.svelte" };

/** A component that is edited while the page is open. */
async function checkHotReload(workspace: Workspace, framework: Framework): Promise<void> {
  await using world = await World.start();
  await using stack = new AsyncDisposableStack();
  const url = world.pageOf(await workspace.serve(stack, framework));
  await world.publish("event:2", ["hot", 1]);
  const page = await AppPage.open(stack, url, world.cookie);
  await page.until({ status: "open", entries: "Ada, Grace" });
  await page.click("switch");
  await page.until({ cars: "hot at 1" });

  await workspace.edit(framework, CARS[framework], "} at {", "} is at {");
  await page.until({ cars: "hot is at 1" });
  await world.publish("event:2", ["hot", 2]);
  await page.until({ status: "open", cars: "hot is at 2", entries: "Ada, Grace" });

  await page.sent([...SUBSCRIPTIONS, "subscribe event:2", "unsubscribe event:1"]);
  assertEquals([page.connections, await world.connections(1)], [1, 1]);
}

for (const framework of FRAMEWORKS) {
  Deno.test(`the app for ${framework}`, withChromium, async (t) => {
    await using live = await startLive();
    await using workspace = await Workspace.create(`${live.http}/live/client.tgz`);
    await workspace.copy(framework);
    const step = (name: string, fn: () => Promise<void>) =>
      t.step({ name, fn, sanitizeOps: false, sanitizeResources: false });

    await step("its types are right", () => workspace.check(framework));
    const content = await workspace.render(framework);
    for (const mode of MODES[framework]) {
      const folder = await workspace.build(framework, mode);
      const of = `built for ${mode}`;
      await step(
        `${of}: one connection, one subscription, no message missed in a restart`,
        () => checkMessages(folder, mode),
      );
      await step(`${of}: unmounting leaves nothing open`, () => checkUnmount(folder));
      await step(
        `${of}: unmounting during the connect leaves nothing open`,
        () => checkUnmountDuringConnect(folder),
      );
      await step(
        `${of}: it continues what a server has rendered`,
        () => checkServerRendering(folder, content),
      );
    }
    // Last, as it changes the app.
    await step(
      "hot reload keeps the connection and the subscriptions",
      () => checkHotReload(workspace, framework),
    );
  });
}
