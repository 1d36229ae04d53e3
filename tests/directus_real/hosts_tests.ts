/**
 * The layouts of HOSTS.md and the page of LIST.md, in Chromium over HTTPS with a real Directus.
 *
 * @module
 */

import { assert, assertEquals, assertMatch, assertRejects } from "@std/assert";
import { says } from "../demo/browser_setup.ts";
import { hasOpenssl } from "../support/certificate.ts";
import { hasChromium, withChromium } from "../support/chromium.ts";
import { type Layout, layoutOf } from "../support/hosts_page.ts";
import { quotedIn } from "../support/troubleshooting.ts";
import { createFlow, recipe } from "./flow_setup.ts";
import { caddy, type HostsProxy, nginx } from "./hosts_proxies.ts";
import { startSite } from "./hosts_setup.ts";
import {
  firstEvent,
  firstWordsToToken,
  lists,
  logIn,
  logInInVain,
  opensSocket,
  refresh,
} from "./hosts_tab_setup.ts";
import type { RealDirectus } from "./real_directus.ts";

const [oneHost, subdomains, twoSites] = ["One host", "Subdomains", "Two sites"].map(layoutOf) as [
  Layout,
  Layout,
  Layout,
];

/** Two sites, with the cookie as Directus sets it. */
const unpartitioned = { ...twoSites, caddyfile: twoSites.caddyfile.replace("; Partitioned", "") };

/** A mistake in Directus's variables, and what the console says when a page logs in. */
const mistakes: readonly (readonly [Readonly<Record<string, string>>, text: string])[] = [
  [
    { CORS_ENABLED: "false" },
    "No 'Access-Control-Allow-Origin' header is present on the requested resource",
  ],
  [
    { CORS_CREDENTIALS: "false" },
    "must be 'true' when the request's credentials mode is 'include'",
  ],
  [
    { CORS_ORIGIN: "*" },
    "must not be the wildcard '*' when the request's credentials mode is 'include'",
  ],
];

/** Registers a test. Without the programs that it needs it is ignored, and its name says why. */
function hostsTest(name: string, fn: () => Promise<void>, proxy: HostsProxy = caddy): void {
  const lacks = [
    ...hasChromium ? [] : ["chromium"],
    ...proxy.path === undefined ? [proxy.name] : [],
    ...hasOpenssl ? [] : ["openssl"],
  ];
  Deno.test(
    `HOSTS.md: ${name}${lacks.length === 0 ? "" : ` (ignored: no ${lacks.join(", ")})`}`,
    { ...withChromium, ignore: lacks.length > 0 },
    fn,
  );
}

/** Registers the tests. They share a Directus, which starts for the first and restarts for each. */
export function hostsTests(start: () => Promise<RealDirectus>): void {
  for (
    const [layout, blocksThirdPartyCookies, proxy] of [
      [oneHost, true, caddy],
      [oneHost, true, nginx],
      [subdomains, true, caddy],
      [twoSites, true, caddy],
      [twoSites, false, caddy],
      [unpartitioned, false, caddy],
    ] as const
  ) {
    const cookie = layout === unpartitioned ? ", not partitioned" : "";
    const browser = blocksThirdPartyCookies ? "blocks" : "allows";
    hostsTest(
      `${layout.name}${cookie}, ${proxy.name}: a list is live where the browser ${browser} third-party cookies`,
      async () => {
        const directus = await start();
        await using site = await startSite(directus, layout, proxy);
        await using _flow = await createFlow(directus, site.served, {
          ...recipe("What changed in a collection"),
          collections: ["events"],
        });
        const tab = await site.open({ blocksThirdPartyCookies });
        await directus.admin("PATCH", "/items/events/1", { title: "One" });
        await logIn(tab);
        await lists(tab, ["One", "Two"]);

        await directus.admin("PATCH", "/items/events/1", { title: "Zero" });

        await lists(tab, ["Two", "Zero"]);
        assertEquals(await firstEvent(tab, layout), "welcome");
        assert(await opensSocket(tab, layout));

        assertEquals(await refresh(tab, layout), true);
        await directus.admin("PATCH", "/items/events/1", { title: "A new session" });

        await lists(tab, ["A new session", "Two"]);
      },
      proxy,
    );
  }

  hostsTest("One host: a login on the page is one in Directus's app", async () => {
    await using site = await startSite(await start(), oneHost);
    const tab = await site.open({ blocksThirdPartyCookies: true });
    await logIn(tab);
    await tab.page.waitForSelector("#events li");

    await tab.page.goto(`${oneHost.directus["PUBLIC_URL"]}/admin/content/events`);

    await tab.page.getByText("Two", { exact: true }).first().waitFor();
  });

  hostsTest(
    "Two sites, not partitioned: a browser that blocks third-party cookies drops the session",
    async () => {
      await using site = await startSite(await start(), unpartitioned);
      const tab = await site.open({ blocksThirdPartyCookies: true });
      await logInInVain(tab);

      const [event = "", message = ""] = await firstWordsToToken(tab, unpartitioned);
      assertMatch(event, /"type":"welcome"/);
      assertMatch(message, /"type":"auth","status":"ok"/);
    },
  );

  for (const [wrong, text] of mistakes) {
    hostsTest(`Subdomains with ${JSON.stringify(wrong)}: the console says ${text}`, async () => {
      assert(quotedIn("In the browser's console").includes(text));
      const directus = { ...subdomains.directus, ...wrong };
      await using site = await startSite(await start(), { ...subdomains, directus });
      const tab = await site.open({ blocksThirdPartyCookies: true });

      await logIn(tab);

      await tab.logs(text);
      await says(tab.page, "#state", /^Failed to fetch$/);
    });
  }

  hostsTest(
    "Subdomains without a cookie for the domain: the login does not reach the server",
    async () => {
      const { SESSION_COOKIE_DOMAIN: _, ...directus } = subdomains.directus;
      await using site = await startSite(await start(), { ...subdomains, directus });
      const tab = await site.open({ blocksThirdPartyCookies: true });
      await logInInVain(tab);

      const { message } = await assertRejects(
        () => tab.page.evaluate(() => new WebSocket("ws://live.example.com")),
        Error,
      );
      assert(quotedIn("In the browser's console").some((text) => message.includes(text)));
    },
  );
}
