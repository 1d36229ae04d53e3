/**
 * Installs a real Directus, and the Node.js that it needs, from npm into the user's cache, once for
 * all checkouts. It takes about five minutes, because two of its packages are compiled.
 *
 * @module
 */

/** A version of Directus, and how it is installed. */
interface Version {
  /** Folder below that of the installation. */
  readonly folder: string;
  /** What npm would choose wrongly. */
  readonly overrides?: Readonly<Record<string, string>>;
}

/** The versions under test. The newer one has limits without a licence. */
const VERSIONS = {
  "11.17.4": { folder: "app" },
  "12.4.1": { folder: "app-12.4.1", overrides: { "@directus/app": "18.0.0" } },
} as const satisfies Readonly<Record<string, Version>>;

/** A version that can be installed. */
export type DirectusVersion = keyof typeof VERSIONS;

const NODE = "22.23.3";

/** Packages that are compiled, or select a binary, during the installation. */
const NATIVE = ["isolated-vm", "sqlite3", "argon2", "sharp"];

/** Where to install, and where to find npm. */
export interface InstallOptions {
  /** Folder of the installation. @default {`${XDG_CACHE_HOME:-$HOME/.cache}/live-directus`} */
  readonly folder?: string;
  /** Where to look for npm, in the form of `PATH`. @default {the process's own} */
  readonly path?: string;
  /** Version of Directus. @default {"11.17.4"} */
  readonly version?: DirectusVersion;
}

/** An installed Directus. */
export interface Installation {
  /** Folder of the installation. */
  readonly folder: string;
  /** The Node.js to run it with. */
  readonly node: string;
  /** Path of its command line. */
  readonly cli: string;
}

/**
 * Installs Directus, unless it is installed. Waits while another process installs it.
 *
 * An interrupted installation may leave packages that npm takes for complete but that are not
 * compiled. So the packages are loaded once, and installed again if that fails.
 *
 * @throws {Error} If there is no npm, or if it fails; the message contains npm's output.
 */
export async function install(options: InstallOptions = {}): Promise<Installation> {
  const { folder = defaultFolder(), path = Deno.env.get("PATH") ?? "" } = options;
  const { version = "11.17.4" } = options;
  const { folder: appFolder, ...more }: Version = VERSIONS[version];
  const nodePackage = `node-${Deno.build.os}-${Deno.build.arch === "x86_64" ? "x64" : "arm64"}`;
  const nodeFolder = `${folder}/node/node_modules/${nodePackage}`;
  const app = `${folder}/${appFolder}`;
  const installation = {
    folder,
    node: `${nodeFolder}/bin/node`,
    cli: `${app}/node_modules/directus/cli.js`,
  };
  await Deno.mkdir(folder, { recursive: true });
  using lock = await Deno.open(`${folder}/lock`, { create: true, write: true });
  await lock.lock(true); // released when the process ends, even if it crashes
  const stamp = `${folder}/installed-${version}-${NODE}`;
  const all = [stamp, installation.node, installation.cli];
  if ((await Promise.all(all.map(exists))).every((is) => is)) return installation;

  say(`Installing Directus ${version} from npm in ${folder}: about five minutes`);
  await installIn(`${folder}/node`, path, { dependencies: { [nodePackage]: NODE } });
  const manifest = {
    type: "module",
    dependencies: { directus: version },
    ...more,
    allowScripts: { "isolated-vm": true, sqlite3: true },
  };
  const env = { npm_config_nodedir: nodeFolder }; // contains the headers for the compiler
  const appPath = `${nodeFolder}/bin:${path}`;
  await installIn(app, appPath, manifest, env);
  if (await broken(installation.node, app) !== undefined) {
    say("The installation does not work: installing it again");
    await Deno.remove(`${app}/node_modules`, { recursive: true });
    await installIn(app, appPath, manifest, env);
    const reason = await broken(installation.node, app);
    if (reason !== undefined) throw new Error(`The installed Directus does not work:\n${reason}`);
  }
  await Deno.writeTextFile(stamp, "");
  return installation;
}

/** Returns the folder of all installations. */
export function defaultFolder(): string {
  const cache = Deno.env.get("XDG_CACHE_HOME") || `${Deno.env.get("HOME")}/.cache`;
  return `${cache}/live-directus`;
}

/**
 * Installs packages with npm.
 *
 * @throws {Error} If there is no npm, or if it fails; the message contains npm's output.
 */
export async function installIn(
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

/** Loads the native packages; resolves to the error, if there is one. */
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

/** Returns whether there is a file. */
export async function exists(path: string): Promise<boolean> {
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
