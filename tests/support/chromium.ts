/**
 * Chromium, for the tests that need a real browser: at `CHROMIUM` or where Debian puts it; without it
 * those tests are ignored.
 *
 * @module
 */

/** Drives the browser. Imported late, so that no other task needs it. */
const PLAYWRIGHT = "npm:playwright-core@1.65.1";

/** Without the last of these it calls home, and on a closed network that takes its time. */
const ARGS = [
  "--no-sandbox",
  "--disable-gpu",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];

const executablePath = Deno.env.get("CHROMIUM") ?? "/usr/bin/chromium";

/** Whether it is on this machine. */
export const hasChromium = exists(executablePath);

/**
 * Options of a test that needs it. Sanitizers are off: the driver keeps timers and a process that end
 * after the browser.
 */
export const withChromium: Pick<
  Deno.TestDefinition,
  "ignore" | "sanitizeOps" | "sanitizeResources"
> = { ignore: !hasChromium, sanitizeOps: false, sanitizeResources: false };

/** Starts a browser, which closes with a stack. */
// deno-lint-ignore no-explicit-any -- the driver's types are not there before it is imported
export async function launchChromium(stack: AsyncDisposableStack): Promise<any> {
  const { chromium } = await import(PLAYWRIGHT);
  const browser = await chromium.launch({ executablePath, args: ARGS });
  stack.defer(() => browser.close());
  return browser;
}

/** Settings of the browser. */
export interface ProfileOptions {
  /** More arguments. */
  readonly args: readonly string[];
  /** Whether it blocks cookies of other sites. Builds of Chromium differ in what is the default. */
  readonly blocksThirdPartyCookies: boolean;
}

/** Starts a browser with its own profile. It closes with the stack. */
export async function launchProfile(
  stack: AsyncDisposableStack,
  { args, blocksThirdPartyCookies }: ProfileOptions,
  // deno-lint-ignore no-explicit-any -- the driver's types are not there before it is imported
): Promise<any> {
  const { chromium } = await import(PLAYWRIGHT);
  const folder = await Deno.makeTempDir({ prefix: "live-profile-" });
  stack.defer(() => Deno.remove(folder, { recursive: true }));
  await Deno.mkdir(`${folder}/Default`);
  const profile = { cookie_controls_mode: blocksThirdPartyCookies ? 1 : 0 };
  await Deno.writeTextFile(`${folder}/Default/Preferences`, JSON.stringify({ profile }));
  const options = { executablePath, args: [...ARGS, ...args] };
  const context = await chromium.launchPersistentContext(folder, options);
  stack.defer(() => context.close());
  return context;
}

function exists(path: string): boolean {
  try {
    return Deno.statSync(path).isFile;
  } catch {
    return false;
  }
}
