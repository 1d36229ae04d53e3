/**
 * Tests of the drain: clients that reconnect after a fixed time are closed one after the other.
 *
 * @module
 */

import { assertEquals } from "@std/assert";
import { FakeTime } from "@std/testing/time";
import { silentLogger } from "../../live/domain/logger.ts";
import { silentMetrics } from "../../live/domain/metrics.ts";
import { Clients } from "../../live/http/clients.ts";
import { withDefaults } from "../../live/http/live_options.ts";
import { directusWire } from "../../live/directus_protocol/wire.ts";
import { jsonWire } from "../../live/wire/json_wire.ts";
import { FakeSocket } from "../support/fake_client.ts";
import { Setup, subscribe } from "./setup.ts";

const ADMITTED = {
  kind: "admitted",
  user: null,
  credential: null,
  isRevoked: () => false,
  releaseReservation() {},
  keepPlace: () => () => {},
} as const;
const SESSION = { receive() {}, end() {} };

/** Opens clients of both protocols; returns their sockets. */
function openClients(clients: Clients): { own: FakeSocket; directus: FakeSocket[] } {
  const own = new FakeSocket();
  clients.open(own, ADMITTED, "", { wire: jsonWire });
  const directus = [1, 2, 3, 4].map(() => {
    const socket = new FakeSocket();
    clients.open(socket, ADMITTED, "", { wire: directusWire, sessions: () => SESSION });
    return socket;
  });
  return { own, directus };
}

function createClients(): Clients {
  return new Clients({
    ...withDefaults(),
    sessions: () => ({ handle() {}, end() {} }),
    instanceId: "test",
    backlogOf: () => 0,
    metrics: silentMetrics,
    logger: silentLogger,
  });
}

for (const [spreadMs, stepMs] of [[5_000, 10], [8, 2]] as const) {
  Deno.test(`a drain of ${spreadMs} ms closes clients of Directus's protocol ${stepMs} ms apart`, async () => {
    using time = new FakeTime();
    const clients = createClients();
    const { own, directus } = openClients(clients);

    const drained = clients.drain(spreadMs);
    const counts: number[] = [];
    for (let step = 0; step < 4; step++) {
      await time.tickAsync(step === 0 ? 0 : stepMs);
      counts.push(directus.filter(({ closes }) => closes.length > 0).length);
    }
    await drained;

    assertEquals(own.closes.length, 1);
    assertEquals(counts, [1, 2, 3, 4]);
  });
}

Deno.test("a drain closes clients of all protocols with 1001", async () => {
  await using setup = await Setup.start();
  const clients = await Promise.all(Array.from({ length: 3 }, () => setup.connect()));
  for (const client of clients) await subscribe(client);

  await setup.live.stop();

  const codes = await Promise.all(clients.map(async ({ closed }) => (await closed).code));
  assertEquals(codes, [1001, 1001, 1001]);
});
