/**
 * Installs the frameworks and the tools of the example apps from npm into the user's cache, once for all
 * checkouts with the same lock file.
 *
 * @module
 */

const MANIFESTS = new URL("dependencies/", import.meta.url);

/** Resolves to the folder that holds the `node_modules` of the apps, when they are installed. */
export async function installDependencies(): Promise<string> {
  const lock = await Deno.readFile(new URL("package-lock.json", MANIFESTS));
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", lock));
  const cache = Deno.env.get("XDG_CACHE_HOME") || `${Deno.env.get("HOME")}/.cache`;
  const folder = `${cache}/live-client-apps/${digest.toHex().slice(0, 16)}`;
  await Deno.mkdir(folder, { recursive: true });
  using file = await Deno.open(`${folder}/lock`, { create: true, write: true });
  await file.lock(true); // released when the process ends, even if it crashes
  const stamp = `${folder}/installed`;
  if (await exists(stamp)) return folder;

  for (const name of ["package.json", "package-lock.json"]) {
    await Deno.copyFile(new URL(name, MANIFESTS), `${folder}/${name}`);
  }
  await run("npm", ["ci", "--ignore-scripts", ...NPM_FLAGS], folder);
  await Deno.writeTextFile(stamp, "");
  return folder;
}

/** Flags with which npm only installs, and prints nothing else. */
export const NPM_FLAGS: readonly string[] = ["--no-audit", "--no-fund", "--loglevel=error"];

/**
 * Runs a program and resolves to what it printed.
 *
 * @throws {Error} If it fails; the message contains its output.
 */
export async function run(
  program: string,
  args: readonly string[],
  cwd: string,
  env: Readonly<Record<string, string>> = {},
): Promise<string> {
  const output = await new Deno.Command(program, {
    args: [...args],
    cwd,
    env: { ...env },
    stdin: "null",
  }).output();
  const decoder = new TextDecoder();
  const text = decoder.decode(output.stdout);
  if (output.code === 0) return text;
  throw new Error(`${program} ${args.join(" ")}:\n${text}${decoder.decode(output.stderr)}`);
}

async function exists(path: string): Promise<boolean> {
  try {
    await Deno.stat(path);
    return true;
  } catch {
    return false;
  }
}
