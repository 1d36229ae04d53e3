/**
 * Installs a real Directus, and the Node.js that it needs, from npm: in a folder of the user's cache,
 * once for all checkouts. Some five minutes the first time, as two of its packages are compiled.
 *
 * @module
 */

/** The version that the tests are for; the next major one has limits without a licence. */
const DIRECTUS = "11.17.4";
const NODE = "22.23.3";

/** Packages that are compiled, or choose a binary, as they are installed. */
const NATIVE = ["isolated-vm", "sqlite3", "argon2", "sharp"];

/** Where to install, and what with. */
export interface InstallOptions {
  /** The folder. @default {`${XDG_CACHE_HOME:-$HOME/.cache}/live-directus`} */
  readonly folder?: string;
  /** Where npm is looked for, as in `PATH`. @default {the process's own} */
  readonly path?: string;
}

/** An installed Directus. */
export interface Installation {
  /** The folder that holds all. */
  readonly folder: string;
  /** The Node.js to run it with. */
  readonly node: string;
  /** Its command line. */
  readonly cli: string;
}

/**
 * Installs it, if that has not been done. What a former try left behind is used if it works, and
 * replaced if it does not: where one was cut off npm takes packages for done that are not compiled.
 * Waits while another process installs.
 *
 * @throws {Error} If the machine has no npm, or npm fails; what npm wrote is in the message.
 */
export async function install(options: InstallOptions = {}): Promise<Installation> {
  const { folder = defaultFolder(), path = Deno.env.get("PATH") ?? "" } = options;
  const nodePackage = `node-${Deno.build.os}-${Deno.build.arch === "x86_64" ? "x64" : "arm64"}`;
  const nodeFolder = `${folder}/node/node_modules/${nodePackage}`;
  const app = `${folder}/app`;
  const installation = {
    folder,
    node: `${nodeFolder}/bin/node`,
    cli: `${app}/node_modules/directus/cli.js`,
  };
  await Deno.mkdir(folder, { recursive: true });
  using lock = await Deno.open(`${folder}/lock`, { create: true, write: true });
  await lock.lock(true); // let go when the process ends, however it ends
  const stamp = `${folder}/installed-${DIRECTUS}-${NODE}`;
  const all = [stamp, installation.node, installation.cli];
  if ((await Promise.all(all.map(exists))).every((is) => is)) return installation;

  say(`Installing Directus ${DIRECTUS} from npm in ${folder}: some five minutes`);
  await installIn(`${folder}/node`, path, { dependencies: { [nodePackage]: NODE } });
  const manifest = {
    type: "module",
    dependencies: { directus: DIRECTUS },
    allowScripts: { "isolated-vm": true, sqlite3: true },
  };
  const env = { npm_config_nodedir: nodeFolder }; // holds the headers that they are compiled with
  const appPath = `${nodeFolder}/bin:${path}`;
  await installIn(app, appPath, manifest, env);
  if (await broken(installation.node, app) !== undefined) {
    say("What was there before does not work: installing it again");
    await Deno.remove(`${app}/node_modules`, { recursive: true });
    await installIn(app, appPath, manifest, env);
    const reason = await broken(installation.node, app);
    if (reason !== undefined) throw new Error(`The installed Directus does not work:\n${reason}`);
  }
  await Deno.writeTextFile(stamp, "");
  return installation;
}

function defaultFolder(): string {
  const cache = Deno.env.get("XDG_CACHE_HOME") || `${Deno.env.get("HOME")}/.cache`;
  return `${cache}/live-directus`;
}

async function installIn(
  folder: string,
  path: string,
  manifest: Readonly<Record<string, unknown>>,
  env: Readonly<Record<string, string>> = {},
): Promise<void> {
  await Deno.mkdir(folder, { recursive: true });
  const json = JSON.stringify({ private: true, ...manifest }, null, 2);
  await Deno.writeTextFile(`${folder}/package.json`, json);
  const npm = await find("npm", path);
  const args = ["install", "--no-audit", "--no-fund", "--loglevel=error"];
  const ended = await run(npm, args, folder, { ...env, PATH: path });
  if (ended.code !== 0) throw new Error(`npm ended with ${ended.code}:\n${ended.text}`);
}

/** Resolves to why a package cannot be loaded, to `undefined` if all can. */
async function broken(node: string, app: string): Promise<string | undefined> {
  const script = NATIVE.map((name) => `require("${name}")`).join(";");
  const { code, text } = await run(node, ["-e", script], app, {});
  return code === 0 ? undefined : text;
}

async function find(program: string, path: string): Promise<string> {
  for (const folder of path.split(":")) {
    if (await exists(`${folder}/${program}`)) return `${folder}/${program}`;
  }
  throw new Error(`Cannot install Directus as there is no ${program}: install Node.js first`);
}

async function run(
  command: string,
  args: string[],
  cwd: string,
  env: Record<string, string>,
): Promise<{ code: number; text: string }> {
  const output = await new Deno.Command(command, { args, cwd, env, stdin: "null" }).output();
  const decoder = new TextDecoder();
  return {
    code: output.code,
    text: decoder.decode(output.stdout) + decoder.decode(output.stderr),
  };
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
