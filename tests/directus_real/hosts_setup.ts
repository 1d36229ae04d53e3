/**
 * The layouts of HOSTS.md: their parts, as the page has them, and how to run one over HTTPS.
 *
 * @module
 */

import { assert } from "@std/assert";
import { createHash, X509Certificate } from "node:crypto";
import { type Layout, originOf } from "../support/hosts_page.ts";
import { launchProfile, type ProfileOptions } from "../support/chromium.ts";
import { createCertificate } from "../support/certificate.ts";
import { Watch } from "../support/queue.ts";
import { blockOf } from "./flow_setup.ts";
import { caddy, type HostsProxy, startProxy } from "./hosts_proxies.ts";
import type { RealDirectus, Settings } from "./real_directus.ts";
import { serve, type Served } from "./server_setup.ts";

// deno-lint-ignore no-explicit-any -- the types of the driver and of the page are not available here
export type Page = any;

/** Names in the certificate. */
const HOSTS = ["example.com", "*.example.com", "app.example.org"];

/** Every variable that a layout sets in Directus. */
const COOKIES_AND_CORS = [
  "CORS_CREDENTIALS",
  "CORS_ENABLED",
  "CORS_ORIGIN",
  "SESSION_COOKIE_DOMAIN",
  "SESSION_COOKIE_SAME_SITE",
  "SESSION_COOKIE_SECURE",
];

const LIST = Deno.readTextFileSync(new URL("../../live/docs/LIST.md", import.meta.url));

/** Returns the page of LIST.md with the first lines of a layout. */
function listPage({ script }: Layout): string {
  const page = blockOf(LIST, "html");
  const [lines = ""] = /^ +import [^]*?const LIVE = .*\n/m.exec(page) ?? [];
  assert(lines !== "", "the page of LIST.md begins with three lines");
  return page.replace(lines, () => script);
}

/** A layout that runs: Directus, the server, the page and a proxy, and browsers that know them. */
export interface Site extends AsyncDisposable {
  /** The server. */
  readonly served: Served;
  /** Opens the page in a new browser. */
  open(options: Pick<ProfileOptions, "blocksThirdPartyCookies">): Promise<Tab>;
}

/** A tab, and what the browser writes into its console. */
export interface Tab {
  /** The page. */
  readonly page: Page;
  /** Resolves once the console has a line with this text. */
  logs(text: string): Promise<void>;
}

/** Starts a layout. Directus restarts with the layout's variables. */
export async function startSite(
  directus: RealDirectus,
  layout: Layout,
  proxy: HostsProxy = caddy,
): Promise<Site> {
  const stack = new AsyncDisposableStack();
  try {
    const unset: Settings = Object.fromEntries(COOKIES_AND_CORS.map((name) => [name, undefined]));
    await directus.restart({ ...unset, ...layout.directus });
    const served = stack.use(
      await serve(directus, { ...layout.live, DIRECTUS_BASE_URL: directus.url }),
    );
    const folder = await Deno.makeTempDir({ prefix: "live-hosts-" });
    stack.defer(() => Deno.remove(folder, { recursive: true }));
    await Deno.mkdir(`${folder}/app`);
    await Deno.writeTextFile(`${folder}/app/index.html`, listPage(layout));
    const files = { folder, ...await createCertificate(folder, HOSTS) };
    const block = proxy.block(layout)
      .replaceAll("127.0.0.1:8055", new URL(directus.url).host)
      .replaceAll("127.0.0.1:8080", `127.0.0.1:${served.port}`)
      .replaceAll("/srv/app", `${folder}/app`);
    const port = await startProxy(stack, proxy, block, files);
    const { publicKey } = new X509Certificate(await Deno.readTextFile(files.certificate));
    const hash = createHash("sha256").update(publicKey.export({ type: "spki", format: "der" }));
    const args = [
      `--host-resolver-rules=MAP *:443 127.0.0.1:${port}`,
      `--ignore-certificate-errors-spki-list=${hash.digest("base64")}`,
    ];
    return {
      served,
      async open(options) {
        const context = await launchProfile(stack, { args, ...options });
        return await openTab(await context.newPage(), originOf(layout));
      },
      [Symbol.asyncDispose]: () => stack.disposeAsync(),
    };
  } catch (error) {
    await stack.disposeAsync();
    throw error;
  }
}

/** How long the browser may take for one step, in milliseconds: the tests' machine may be busy. */
export const STEP_MS = 120_000;

async function openTab(page: Page, url: string): Promise<Tab> {
  page.setDefaultTimeout(STEP_MS);
  const watch = new Watch();
  const lines: string[] = [];
  page.on("console", (message: Page) => {
    lines.push(message.text());
    watch.changed();
  });
  await page.goto(url);
  return { page, logs: (text) => watch.until(() => lines.some((line) => line.includes(text))) };
}
