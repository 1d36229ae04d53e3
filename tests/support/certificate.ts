/**
 * A certificate for tests of TLS, made by openssl.
 *
 * @module
 */

import { assertEquals } from "@std/assert";
import { isInstalled } from "./program.ts";

/** Whether openssl is on this machine. */
export const hasOpenssl = isInstalled("openssl", ["version"]);

/** Paths of a certificate and its key, in PEM. */
export interface Certificate {
  /** The certificate. */
  readonly certificate: string;
  /** Its key. */
  readonly key: string;
}

/** Creates a self-signed certificate for some host names and addresses in a folder. */
export async function createCertificate(
  folder: string,
  hosts: readonly string[],
): Promise<Certificate> {
  const [certificate, key] = [`${folder}/certificate.pem`, `${folder}/key.pem`];
  const { success } = await new Deno.Command("openssl", {
    args: [
      ...["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1"],
      ...["-nodes", "-days", "2", "-subj", `/CN=${hosts[0]}`],
      ...[
        "-addext",
        `subjectAltName=${hosts.map((host) => `${isAddress(host) ? "IP" : "DNS"}:${host}`).join()}`,
      ],
      ...["-addext", "basicConstraints=CA:FALSE"],
      ...["-keyout", key, "-out", certificate],
    ],
    stderr: "null",
  }).output();
  assertEquals(success, true);
  return { certificate, key };
}

function isAddress(host: string): boolean {
  return /^[\d.]+$/.test(host);
}
