/**
 * The proxies of HOSTS.md, and how to run their blocks.
 *
 * @module
 */

import { assert } from "@std/assert";
import { takeFreePort } from "../../live/transport/listener.ts";
import { kinds } from "../security/proxy_kinds_setup.ts";
import type { Certificate } from "../support/certificate.ts";
import type { Layout } from "../support/hosts_page.ts";
import { locate, Program } from "../support/program.ts";

/** A program that HOSTS.md has blocks for. */
export interface HostsProxy {
  /** Its name. */
  readonly name: string;
  /** Its path; `undefined` if it is not on this machine. */
  readonly path: string | undefined;
  /** Returns a layout's block. */
  block(layout: Layout): string;
  /** Writes the configuration for a port into a folder; returns the arguments that use it. */
  configure(block: string, port: number, files: ProxyFiles): Promise<readonly string[]>;
  /** Its output once it listens. */
  readonly ready: RegExp;
}

/** Where a proxy finds and keeps its files. */
export interface ProxyFiles extends Certificate {
  /** A folder of its own. */
  readonly folder: string;
}

/** Caddy. It requests no certificates for names that one of its certificates covers. */
export const caddy: HostsProxy = {
  name: "caddy",
  path: locate("caddy", ["version"]),
  block: ({ caddyfile }) => caddyfile,
  async configure(block, port, { folder, certificate, key }) {
    const config = `${folder}/Caddyfile`;
    await Deno.writeTextFile(
      config,
      `{
        admin off
        auto_https disable_redirects
        default_bind 127.0.0.1
        https_port ${port}
        grace_period 1s
      }
      certificate.example.com {
        tls ${certificate} ${key}
      }
      ${block}`,
    );
    return ["run", "--config", config];
  },
  ready: /serving initial configuration/,
};

const [kind] = kinds.filter(({ name }) => name === "nginx");
assert(kind !== undefined);

/** nginx, which runs as in the tests of SECURITY.md. */
export const nginx: HostsProxy = {
  name: "nginx",
  path: kind.path,
  block: (layout) => layout.nginx,
  async configure(block, port, { folder, certificate, key }) {
    const files = { folder, certificate, key, both: "" };
    const text = block.replace(...kind.listen(port))
      .replace(/\/etc\/ssl\/\S+\.pem/, certificate).replace(/\/etc\/ssl\/\S+\.key/, key);
    const config = `${folder}/nginx.conf`;
    await Deno.writeTextFile(config, kind.config(text, files));
    return kind.args(config, files);
  },
  ready: kind.ready,
};

/** Starts a proxy, which ends with a stack; resolves to its port. */
export async function startProxy(
  stack: AsyncDisposableStack,
  proxy: HostsProxy,
  block: string,
  files: ProxyFiles,
): Promise<number> {
  const port = takeFreePort();
  const args = await proxy.configure(block, port, files);
  const { folder } = files;
  const env = { HOME: folder, XDG_DATA_HOME: folder, XDG_CONFIG_HOME: folder };
  const program = stack.use(new Program(proxy.path ?? proxy.name, { args: [...args], env }));
  assert(await program.find(proxy.ready), program.output);
  return port;
}
