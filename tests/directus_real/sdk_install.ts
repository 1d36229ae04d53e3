/**
 * Installs versions of Directus's SDK from npm into the user's cache, once for all checkouts.
 *
 * @module
 */

import { defaultFolder, exists, installIn } from "./install.ts";

/** The newest version, and the last ones before 21 and 20.3, which send queries in another form. */
export const SDK_VERSIONS = ["26.0.0", "20.3.0", "20.2.0"] as const;

/** A version under test. */
export type SdkVersion = typeof SDK_VERSIONS[number];

/** Installs a version, unless it is installed; resolves to the folder of its modules. */
export async function installSdk(version: SdkVersion): Promise<string> {
  const folder = `${defaultFolder()}/sdk-${version}`;
  const dist = `${folder}/node_modules/@directus/sdk/dist`;
  await Deno.mkdir(folder, { recursive: true });
  using lock = await Deno.open(`${folder}/lock`, { create: true, write: true });
  await lock.lock(true); // released when the process ends, even if it crashes
  if (await exists(`${dist}/index.js`)) return dist;
  const manifest = { dependencies: { "@directus/sdk": version } };
  await installIn(folder, Deno.env.get("PATH") ?? "", manifest);
  return dist;
}
