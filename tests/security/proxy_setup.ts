/**
 * Runs the proxies with the configuration blocks of SECURITY.md.
 *
 * @module
 */

import { createCertificate, hasOpenssl } from "../support/certificate.ts";
import { blockOf, type Replacement } from "./page.ts";
import { Program } from "../support/program.ts";
import { type Files, HOST, type Kind, type Setting } from "./proxy_kinds_setup.ts";
import { Tunnel } from "./tunnel_setup.ts";
import { takeFreePort } from "../../live/transport/listener.ts";

/** Registers a test of a proxy. Without the program it is ignored, and its name says why. */
export function proxyTest(
  { name: program, path }: Kind,
  name: string,
  fn: () => Promise<void>,
): void {
  const lacks = path === undefined ? program : hasOpenssl ? undefined : "openssl";
  Deno.test({
    name: lacks === undefined ? name : `${name} (ignored: no ${lacks})`,
    ignore: lacks !== undefined,
    fn,
  });
}

/** A proxy in front of a port of this machine. */
export class Proxy implements AsyncDisposable {
  /** Port for clients without TLS: a tunnel adds it. */
  readonly port: number;
  readonly #stack: AsyncDisposableStack;

  private constructor(port: number, stack: AsyncDisposableStack) {
    this.port = port;
    this.#stack = stack;
  }

  /**
   * Starts a proxy with its configuration block.
   *
   * @param kind The program.
   * @param upstream The live listener's port.
   * @param changes Settings with other values, such as `1s`.
   */
  static async start(
    kind: Kind,
    upstream: number,
    changes: Partial<Record<Setting, string>> = {},
  ): Promise<Proxy> {
    await using stack = new AsyncDisposableStack();
    const folder = await Deno.makeTempDir({ prefix: "live_proxy_" });
    stack.defer(() => Deno.remove(folder, { recursive: true }));
    const files = await certify(folder);
    const changed = Object.entries(changes).flatMap(([setting, value]) =>
      kind.settings[setting as Setting].map((text): Replacement => [
        text,
        text.replace(/\S+$/, value),
      ])
    );
    const replacements: Replacement[] = [
      ["127.0.0.1:8080", `127.0.0.1:${upstream}`],
      ...kind.files(files),
      ...changed,
    ];
    const port = await listen(kind, files, replacements, stack);
    const caCert = await Deno.readTextFile(files.certificate);
    const tunnel = stack.use(new Tunnel(port, HOST, caCert));
    return new Proxy(tunnel.port, stack.move());
  }

  /** Its address, for fetch. */
  get http(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  /** Its address, for WebSockets. */
  get ws(): string {
    return `ws://127.0.0.1:${this.port}`;
  }

  /** Stops it and breaks its connections. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#stack.disposeAsync();
  }
}

/** Starts the program on a free port; resolves to the port. */
async function listen(
  kind: Kind,
  files: Files,
  replacements: readonly Replacement[],
  stack: AsyncDisposableStack,
): Promise<number> {
  const config = `${files.folder}/config`;
  for (;;) {
    const port = takeFreePort();
    const block = blockOf(kind.name, [kind.listen(port), ...replacements]);
    await Deno.writeTextFile(config, kind.config(block, files));
    const program = new Program(kind.path ?? kind.name, { args: [...kind.args(config, files)] });
    if (await program.find(kind.ready) !== undefined) {
      stack.use(program);
      return port;
    }
    await program.ended;
    if (!program.output.includes("Address already in use")) throw new Error(program.output);
  }
}

/** Creates a self-signed certificate for the host. */
async function certify(folder: string): Promise<Files> {
  const { certificate, key } = await createCertificate(folder, [HOST]);
  const both = `${folder}/both.pem`;
  const texts = await Promise.all([certificate, key].map((path) => Deno.readTextFile(path)));
  await Deno.writeTextFile(both, texts.join(""));
  return { folder, certificate, key, both };
}
