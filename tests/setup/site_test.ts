/**
 * Hosts, sites and secure connections, as browsers see them.
 *
 * @module
 */

import { assertEquals } from "@std/assert";
import { domainMatches, isLoopback, isSameSite, sharedDomain } from "../../live/setup/site.ts";

for (
  const [a, b, same] of [
    ["https://app.example.com", "wss://live.example.com:8443", true],
    ["https://example.com", "https://a.b.example.com", true],
    ["https://app.example.com", "https://app.example.org", false],
    ["https://app.example.com", "ws://app.example.com", false], // schemes count
    ["https://a.co.uk", "https://b.co.uk", false],
    ["https://a.vercel.app", "https://b.vercel.app", false], // of two customers
    ["http://localhost:3000", "ws://localhost:8080", true],
    ["http://localhost:3000", "ws://127.0.0.1:8080", false],
    ["http://10.0.0.1", "ws://10.0.0.2", false],
  ] as const
) {
  Deno.test(`isSameSite() is ${same} for ${a} and ${b}`, () => {
    assertEquals(isSameSite(new URL(a), new URL(b)), same);
  });
}

for (
  const [hosts, domain] of [
    [["cms.example.com", "live.example.com"], "example.com"],
    [["cms.eu.example.com", "live.eu.example.com"], "eu.example.com"],
    [["example.com", "live.example.com"], "example.com"],
    [["cms.example.com", "live.example.org"], undefined],
    [["a.co.uk", "b.co.uk"], undefined],
    [["localhost", "127.0.0.1"], undefined],
    [["10.0.0.1", "10.1.0.1"], undefined],
  ] as const
) {
  Deno.test(`sharedDomain() of ${hosts.join(" and ")} is ${domain}`, () => {
    assertEquals(sharedDomain(hosts), domain);
  });
}

for (
  const [host, domain, matches] of [
    ["example.com", "example.com", true],
    ["live.example.com", "example.com", true],
    ["badexample.com", "example.com", false],
    ["example.com", "live.example.com", false],
  ] as const
) {
  Deno.test(`domainMatches() is ${matches} for ${host} and ${domain}`, () => {
    assertEquals(domainMatches(host, domain), matches);
  });
}

for (
  const [url, is] of [
    ["http://localhost", true],
    ["http://app.localhost:3000", true],
    ["ws://127.0.0.2", true],
    ["http://[::1]:8055", true],
    ["http://localhost.example.com", false],
    ["http://10.0.0.1", false],
  ] as const
) {
  Deno.test(`isLoopback() is ${is} for ${url}`, () => {
    assertEquals(isLoopback(new URL(url)), is);
  });
}
