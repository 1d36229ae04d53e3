/**
 * A session on a fake socket, for tests of what happens after a time.
 *
 * @module
 */

import { DEFAULTS } from "../../live/config/defaults.ts";
import type { Connection } from "../../live/connection/connection.ts";
import { DirectusSessions } from "../../live/directus_protocol/directus_sessions.ts";
import type { Entered, NotEntered } from "../../live/directus_protocol/identity.ts";
import { BearerToken, type Credential } from "../../live/domain/credential.ts";
import { silentLogger } from "../../live/domain/logger.ts";
import { silentMetrics } from "../../live/domain/metrics.ts";
import { MemoryBroker } from "../../live/history/memory_broker.ts";
import { Hub } from "../../live/hub/hub.ts";
import { userOf } from "../support/authorities.ts";
import { createClient, type FakeSocket } from "../support/fake_client.ts";
import { jwtOf } from "../support/jwt.ts";
import { setUpViews } from "../views/setup.ts";

/** Returns the text of a token that expires. */
export function expiringIn(seconds: number): string {
  return jwtOf({ exp: Math.floor(Date.now() / 1_000) + seconds });
}

/** Returns a token that expires. */
export function tokenFor(seconds: number): BearerToken {
  return new BearerToken(expiringIn(seconds));
}

/** A session on a fake socket, whose credentials are checked when the test says so. */
export class TimingSetup implements AsyncDisposable {
  readonly entered: Credential[] = [];
  readonly entering: PromiseWithResolvers<Entered | NotEntered>[] = [];
  readonly connection: Connection;
  readonly socket: FakeSocket;
  readonly #hub = new Hub({
    broker: new MemoryBroker({ ...DEFAULTS, metrics: silentMetrics }),
    metrics: silentMetrics,
    thresholdBytes: 1_000_000,
  });
  readonly #session: ReturnType<DirectusSessions["open"]>;
  readonly opened = setUpViews();
  /** Connections that are monitored. */
  monitored = 0;
  /** Clients that were noted as they sent no `auth`. */
  withoutAuth = 0;

  constructor(credential: Credential | null = null, admitsPublic = false) {
    const sessions = new DirectusSessions({
      hub: this.#hub,
      views: this.opened.views,
      primaryKeyOf: () => "id",
      maxRows: 100,
      maxTopics: 10,
      monitor: { add: () => this.monitored++, remove: () => this.monitored-- },
      metrics: silentMetrics,
      logger: silentLogger,
    });
    const { connection, socket } = createClient({
      credential,
      user: credential && userOf("ada"),
      onEnd: () => this.#session.end(),
    });
    this.connection = connection;
    this.socket = socket;
    this.#session = sessions.open(connection, {
      admitsPublic,
      noteNoAuth: () => this.withoutAuth++,
      enter: (_connection, credential) => {
        this.entered.push(credential);
        const answer = Promise.withResolvers<Entered | NotEntered>();
        this.entering.push(answer);
        return answer.promise;
      },
    });
  }

  send(message: unknown): void {
    this.#session.receive(JSON.stringify(message));
  }

  /** The messages that were sent, each as its type and its status or code. */
  get outline(): string[] {
    return this.socket.frames.map((frame) => JSON.parse(frame))
      .map(({ type, status, error }) => [type, error?.code ?? status].filter(Boolean).join(" "));
  }

  /** The close codes. */
  get closes(): (number | undefined)[] {
    return this.socket.closes.map(([code]) => code);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.connection.end(1001, "");
    await this.#hub.stop();
  }
}
