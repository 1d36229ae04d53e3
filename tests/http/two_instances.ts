/**
 * Two instances that carry out each other's revocations, without a network.
 *
 * @module
 */

import { CachingAuthority } from "../../live/directus/caching_authority.ts";
import type { Authority } from "../../live/domain/authority.ts";
import { silentMetrics } from "../../live/domain/metrics.ts";
import type { RevocationBus } from "../../live/domain/revocation.ts";
import { createLive, type Live } from "../../live/live.ts";
import type { TransportOptions } from "../../live/transport/transport.ts";

/** One of them, and what its listener does with a request. */
export interface Instance {
  /** Once it has started. */
  readonly handle: TransportOptions["handle"];
  readonly live: Live;
}

/** Creates both. They keep answers of Directus until a revocation concerns them. */
export function createInstances(directus: Authority): Instance[] {
  const listeners: Parameters<RevocationBus["listen"]>[0][] = [];
  return ([[0, 1], [1, 0]] as const).map(([here, there]) => {
    let handle: TransportOptions["handle"];
    const live = createLive({
      authority: new CachingAuthority(directus, {
        ttlMs: 1e9,
        metrics: silentMetrics,
        now: () => 0,
      }),
      revocationBus: {
        listen: (handler) => void (listeners[here] = handler),
        send: async (revocation) => void await listeners[there]?.(revocation),
      },
      revalidateIntervalMs: 0,
      maxConnectionsPerUser: 1_000_000,
      transport: (options) => {
        handle = options.handle;
        const done = () => Promise.resolve();
        const addr = { transport: "tcp", hostname: "", port: 0 } as const;
        return Promise.resolve({ addr, shutdown: done, abort: done });
      },
    });
    return { live, handle: (exchange) => handle(exchange) };
  });
}
