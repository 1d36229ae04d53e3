/**
 * GUIDE.md from nothing: its commands, its page in Chromium, and a change that is made in Directus's
 * app.
 *
 * @module
 */

import { assert, assertStringIncludes } from "@std/assert";
import { takeFreePort } from "../../live/transport/listener.ts";
import { hasChromium, launchChromium, withChromium } from "../support/chromium.ts";
import { Program } from "../support/program.ts";
import { blockOf } from "./flow_setup.ts";
import { type Page, STEP_MS } from "./hosts_setup.ts";
import type { DirectusVersion } from "./install.ts";
import { ADMIN_TOKEN, RealDirectus } from "./real_directus.ts";
import { createUser, createWorld } from "./world_setup.ts";

const ROOT = new URL("../../", import.meta.url);
const GUIDE = Deno.readTextFileSync(new URL("live/docs/GUIDE.md", ROOT));

/** What the commands print at the end. */
const DONE = "the guide is done";

/** Ports that the guide names, and those of this run. */
const ports = {
  3000: takeFreePort(),
  8055: takeFreePort(),
  8080: takeFreePort(),
  9090: takeFreePort(),
};

/** Puts the ports of this run into a text of the guide. */
function here(text: string): string {
  return text.replaceAll(
    /localhost:(3000|8055|8080|9090)/g,
    (_, port: keyof typeof ports) => `localhost:${ports[port]}`,
  );
}

/** Returns the variables of Directus that the guide asks for. */
function directusEnv(): Record<string, string> {
  return Object.fromEntries(
    [...here(blockOf(GUIDE, "ini")).matchAll(/^(\w+)="(.*)"$/gm)]
      .map(([, name = "", value = ""]) => [name, value]),
  );
}

/** Runs the commands; the server stays until the program is disposed of. */
function runCommands(folder: string): Program {
  const commands = [...GUIDE.matchAll(/```sh\n([^]*?)```/g)].map(([, block = ""]) => block);
  const script = here(commands.join("\n"))
    .replace("the-token-of-an-administrator", ADMIN_TOKEN)
    .replaceAll("cookies.txt", `${folder}/cookies.txt`)
    .replaceAll("heard.txt", `${folder}/heard.txt`);
  return new Program("bash", {
    args: [
      "-c",
      `set -e\ntrap 'kill $(jobs -p)' EXIT\ntrap exit TERM\n${script}\necho ${DONE}\nread -r`,
    ],
    cwd: ROOT,
    env: {
      LIVE_WS_PORT: `${ports[8080]}`,
      OPS_PORT: `${ports[9090]}`,
      DIRECTUS_AUTH_TIMEOUT_MS: "60000", // the tests' machine may be busy
    },
    stdin: "piped",
  });
}

/** Serves the page of the guide. */
function servePage(): Deno.HttpServer {
  const headers = { "content-type": "text/html" };
  return Deno.serve(
    { hostname: "127.0.0.1", port: ports[3000], onListen() {} },
    () => new Response(here(blockOf(GUIDE, "html")), { headers }),
  );
}

/** Changes the title of an event as an editor does: in Directus's app. */
async function changeTitle(page: Page, title: string): Promise<void> {
  const admin = `http://localhost:${ports[8055]}/admin`;
  await page.goto(`${admin}/login`);
  await page.fill("input[type=email]", "admin@example.com");
  await page.fill("input[type=password]", "admin");
  await page.click("button[type=submit]");
  await page.waitForURL(/admin\/(?!login)/);
  await page.goto(`${admin}/content/events/1`);
  await page.fill("[data-field=title] input", title);
  await page.keyboard.press("Control+s");
}

/** Registers the test. */
export function guide(version: DirectusVersion): void {
  const what = hasChromium
    ? "a page that shows a change made in Directus's app"
    : "a message (its page is ignored: no chromium)";
  Deno.test(`GUIDE.md leads from Directus ${version} to ${what}`, {
    ...withChromium,
    ignore: false,
  }, async () => {
    await using stack = new AsyncDisposableStack();
    const directus = stack.use(
      await RealDirectus.start(`guide-${version}`, directusEnv(), version, ports[8055]),
    );
    const world = await createWorld(directus, ...version === "12.4.1" ? [{}] : []);
    await createUser(directus, "ada", { role: world.editor });
    const folder = await Deno.makeTempDir({ prefix: "live-guide-" });
    stack.defer(() => Deno.remove(folder, { recursive: true }));

    const commands = stack.use(runCommands(folder));
    assert(await commands.find(new RegExp(DONE)), commands.output);
    assertStringIncludes(commands.output, '"key":"car-7","data":{"x":17.3,"y":4.1}');
    assert(!commands.output.includes("directus_session_token="), "the output holds no cookie");
    if (!hasChromium) return;

    const server = servePage();
    stack.defer(() => server.shutdown());
    const browser = await launchChromium(stack);
    const open = async () => {
      const page = await (await browser.newContext()).newPage();
      page.setDefaultTimeout(STEP_MS);
      return page;
    };
    const page = await open();
    await page.goto(`http://localhost:${ports[3000]}`);
    await page.getByText("One", { exact: true }).waitFor();

    await changeTitle(await open(), "Changed in the app");

    await page.getByText("Changed in the app", { exact: true }).waitFor();
  });
}
