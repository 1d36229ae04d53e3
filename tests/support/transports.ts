/**
 * Runs a test on every transport.
 *
 * @module
 */

import type { TransportName } from "../../live/transport/transport.ts";
import { type Live, startLive, type StartLiveOptions } from "./live.ts";

/** Starts a server on the transport of the test. */
export type StartLive = (options?: StartLiveOptions) => Promise<Live>;

/** The transports that listen. */
export const TRANSPORTS: readonly TransportName[] = ["deno", "ws"];

/**
 * Registers a test for each transport, with its name in front. {@linkcode Live.transport} tells
 * them apart.
 */
export function testOnEach(name: string, test: (startLive: StartLive) => Promise<void>): void {
  for (const transport of TRANSPORTS) testOn(transport, name, test);
}

/** Registers a test for one transport. */
export function testOn(
  transport: TransportName,
  name: string,
  test: (startLive: StartLive) => Promise<void>,
): void {
  Deno.test(`[${transport}] ${name}`, async () => {
    await test((options) => startLive({ transport, ...options }));
  });
}
