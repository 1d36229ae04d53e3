/**
 * The clients that speak Directus's realtime protocol.
 *
 * @module
 */

import type { Connection } from "../connection/connection.ts";
import { Heartbeat } from "./heartbeat.ts";
import type { Entrance } from "./identity.ts";
import { DirectusSession, type DirectusSessionOptions } from "./session.ts";

/** Creates sessions, and runs their heartbeat. */
export class DirectusSessions {
  readonly #options: DirectusSessionOptions;
  readonly #heartbeat = new Heartbeat();
  readonly #sessions = new Map<Connection, DirectusSession>();

  /** Creates an empty set of sessions. */
  constructor(options: DirectusSessionOptions) {
    this.#options = options;
  }

  /** Creates the session of a connection that has just opened. */
  open(connection: Connection, entrance: Entrance): Pick<DirectusSession, "receive" | "end"> {
    const session = new DirectusSession(connection, entrance, this.#options);
    this.#sessions.set(connection, session);
    this.#heartbeat.add(session);
    return {
      receive: (frame) => session.receive(frame),
      end: () => {
        this.#heartbeat.remove(session);
        this.#sessions.delete(connection);
        session.end();
      },
    };
  }

  /** Returns the backlog of a client, in UTF-16 code units; 0 for a client of another protocol. */
  backlogOf(connection: Connection): number {
    return this.#sessions.get(connection)?.backlog ?? 0;
  }
}
