/**
 * Directus's SDK, unmodified, with the live server and with Directus itself: one script, compared message
 * by message.
 *
 * @module
 */

import { assertEquals } from "@std/assert";
import { withChromium } from "../support/chromium.ts";
import { compareMalformed } from "./sdk_malformed.ts";
import { comparable, type Difference, expected, type Received, sorted } from "./sdk_frames.ts";
import { SDK_VERSIONS } from "./sdk_install.ts";
import { testRestart } from "./sdk_restart.ts";
import { type AppOptions, SdkWorld } from "./sdk_world_setup.ts";

/** The intended differences of the script `app`. Nothing else differs. */
const APP: readonly Difference[] = [
  {
    // Directus says nothing of the row that left.
    step: "update a row so that it leaves, and then the other one",
    live: ([update]) => [
      { type: "subscription", event: "delete", uid: "list", data: ["key 4"] },
      update,
    ],
  },
  {
    // Directus also sends the first update, which changed nothing that is shown.
    step: "update what is not shown, and then what is",
    live: ([, second]) => [second],
  },
];

/** The intended differences of the script `lifecycle`. */
const LIFECYCLE: readonly Difference[] = [
  {
    // Directus goes on sending rows after the logout.
    step: "a cookie, and a logout",
    live: ([init]) => [init, { type: "auth", code: "TOKEN_EXPIRED" }, { type: "closed" }],
  },
];

/** What an app's loop sees of rows that were created, updated and deleted ten at a time. */
const ALL_OF_TEN: Received["yieldedOfTen"] = { create: 10, update: 10, delete: 10 };

/** Runs a script with both servers, and compares. */
async function compare(
  run: (options: AppOptions) => Promise<Received>,
  options: Omit<AppOptions, "target">,
  differences: readonly Difference[],
): Promise<void> {
  const directus = await run({ ...options, target: "directus" });
  const live = await run({ ...options, target: "live" });
  const theirs = expected(comparable(directus), differences);
  assertEquals(comparable(live).map(sorted), theirs.map(sorted));
  if (options.script !== "app") return;
  assertEquals(live.yieldedOfTen, ALL_OF_TEN);
  // Directus sends each created row by itself, and the loop in Node.js misses some of them.
  assertEquals({ ...directus.yieldedOfTen, create: 10 }, ALL_OF_TEN);
}

/** Registers the test. */
export function sdkTests(): void {
  Deno.test({
    name: "the SDK gets from the live server what it gets from Directus",
    sanitizeOps: withChromium.sanitizeOps ?? false,
    sanitizeResources: withChromium.sanitizeResources ?? false,
    async fn(test) {
      await using world = await SdkWorld.start();
      for (const version of SDK_VERSIONS) {
        const rows = version === SDK_VERSIONS[0] ? 1_000 : 20;
        await test.step(`${version} in Node.js, ${rows} rows at once`, async () => {
          await compare((app) => world.runInNode(app), { script: "app", version, rows }, APP);
        });
        await test.step(`${version} in Node.js: refusals, expiry, logout`, async () => {
          const options = { script: "lifecycle", version, rows: 0 } as const;
          await compare((app) => world.runInNode(app), options, LIFECYCLE);
        });
      }
      await test.step({
        name: `${SDK_VERSIONS[0]} in Chromium (ignored without Chromium)`,
        ignore: withChromium.ignore ?? false,
        async fn() {
          const options = { script: "app", version: SDK_VERSIONS[0], rows: 20 } as const;
          await compare((app) => world.runInChromium(app), options, APP);
        },
      });
      await test.step("500 malformed messages", () => compareMalformed(world));
      for (const target of ["directus", "live"] as const) {
        await test.step(`a restart of ${target}`, () => testRestart(world, target));
      }
    },
  });

  Deno.test("the SDK's public mode gets from the live server what it gets from Directus", async () => {
    await using world = await SdkWorld.start("public");
    const options = { script: "public", version: SDK_VERSIONS[0], rows: 0 } as const;
    await compare((app) => world.runInNode(app), options, []);
  });
}
