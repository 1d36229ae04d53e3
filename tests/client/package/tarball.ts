/**
 * The package as a tarball, in the form in which the server holds it.
 *
 * @module
 */

/** Imported late, from a lock file of its own, as the server does not need it. */
const MODERN_TAR = "npm:modern-tar@0.8.6";

/** The folder that npm expects all files in. */
const FOLDER = "package/";

/** A time that is the same in each build, and that every tool takes: npm uses it as well. */
const MODIFIED = new Date("1985-10-26T08:15:00.000Z");

/**
 * Packs files into a tarball, and returns it in base64: modules can import texts, but no bytes.
 *
 * npm keeps a hash of the tarball in lock files. So each server must serve the same bytes, although
 * what a compressor makes depends on its version: the tarball is made once, and kept as a file.
 */
export async function pack(files: ReadonlyMap<string, string>): Promise<string> {
  const { packTar } = await import(MODERN_TAR);
  const tar: Uint8Array<ArrayBuffer> = await packTar(
    Array.from(files, ([path, text]) => {
      const body = new TextEncoder().encode(text);
      const header = { name: FOLDER + path, size: body.length, mtime: MODIFIED, mode: 0o644 };
      return { header, body };
    }),
  );
  const compressed = new Blob([tar]).stream().pipeThrough(new CompressionStream("gzip"));
  return (await new Response(compressed).bytes()).toBase64();
}
