/**
 * Installs a real Directus, and the Node.js that it needs, from npm: in a folder of the user's cache,
 * once for all checkouts. Some five minutes the first time, as two of its packages are compiled.
 *
 * @module
 */

/** The version that the tests are for; the next major one has limits without a licence. */
const DIRECTUS = "11.17.4";
const NODE = "22.23.3";

/** An installed Directus. */
export interface Installation {
  /** The Node.js to run it with. */
  readonly node: string;
  /** Its command line. */
  readonly cli: string;
}

/**
 * Installs it, if that has not been done; goes on where a former try was cut off.
 *
 * @throws {Error} If the machine has no npm, or npm fails; what npm wrote is in the message.
 */
export async function install(): Promise<Installation> {
  const cache = Deno.env.get("XDG_CACHE_HOME") || `${Deno.env.get("HOME")}/.cache`;
  const folder = `${cache}/live-directus`;
  const nodePackage = `node-${Deno.build.os}-${Deno.build.arch === "x86_64" ? "x64" : "arm64"}`;
  const nodeFolder = `${folder}/node/node_modules/${nodePackage}`;
  const installation = {
    node: `${nodeFolder}/bin/node`,
    cli: `${folder}/app/node_modules/directus/cli.js`,
  };
  const stamp = `${folder}/installed-${DIRECTUS}-${NODE}`;
  if (await exists(stamp)) return installation;
  say(`Installing Directus ${DIRECTUS} from npm in ${folder}: some five minutes`);
  await installIn(`${folder}/node`, { dependencies: { [nodePackage]: NODE } }, {});
  await installIn(`${folder}/app`, {
    type: "module",
    dependencies: { directus: DIRECTUS },
    allowScripts: { "isolated-vm": true, sqlite3: true },
  }, {
    PATH: `${nodeFolder}/bin:${Deno.env.get("PATH")}`,
    npm_config_nodedir: nodeFolder, // holds the headers that the two are compiled with
  });
  await Deno.writeTextFile(stamp, "");
  return installation;
}

async function installIn(
  folder: string,
  manifest: Readonly<Record<string, unknown>>,
  env: Readonly<Record<string, string>>,
): Promise<void> {
  await Deno.mkdir(folder, { recursive: true });
  await Deno.writeTextFile(
    `${folder}/package.json`,
    JSON.stringify({ private: true, ...manifest }, null, 2),
  );
  const args = ["install", "--no-audit", "--no-fund", "--loglevel=error"];
  const { code, stdout, stderr } = await npm(args, folder, env);
  if (code === 0) return;
  const decoder = new TextDecoder();
  throw new Error(`npm ended with ${code}:\n${decoder.decode(stdout)}${decoder.decode(stderr)}`);
}

async function npm(
  args: string[],
  cwd: string,
  env: Readonly<Record<string, string>>,
): Promise<Deno.CommandOutput> {
  try {
    return await new Deno.Command("npm", { args, cwd, env }).output();
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
    throw new Error("Cannot install Directus as there is no npm: install Node.js first");
  }
}

async function exists(path: string): Promise<boolean> {
  try {
    await Deno.stat(path);
    return true;
  } catch {
    return false;
  }
}

function say(line: string): void {
  Deno.stderr.writeSync(new TextEncoder().encode(`${line}\n`));
}
