/**
 * A shared connection on fake sockets that a test controls.
 *
 * @module
 */

import { assert } from "@std/assert";
import { FakeTime } from "@std/testing/time";
import { createLive, type SharedLive, type Store } from "../../../live/client/hooks/shared.ts";
import type { ConnectOptions } from "../../../live/client/types.ts";
import { FakeSocket } from "../setup.ts";

/** The collections of the tests. */
interface Schema {
  readonly events: { readonly id: number; readonly title: string }[];
}

/** A shared connection, its sockets, and a clock. */
export class SharedSetup implements Disposable {
  readonly sockets: FakeSocket[] = [];
  readonly time = new FakeTime();
  readonly live: SharedLive<Schema>;

  /** Creates a shared connection that nothing uses. */
  constructor(options: ConnectOptions = {}) {
    this.live = createLive<Schema>("wss://live.test", {
      webSocket: (url) => {
        const socket = new FakeSocket(url);
        this.sockets.push(socket);
        return socket as unknown as WebSocket;
      },
      ...options,
    });
  }

  /** The socket created last. */
  get socket(): FakeSocket {
    const socket = this.sockets.at(-1);
    assert(socket !== undefined);
    return socket;
  }

  /** Lets a second pass, after which nothing lingers. */
  linger(): void {
    this.time.tick(1_000);
  }

  [Symbol.dispose](): void {
    this.time.restore();
  }
}

/** Follows a store and notes each of its values. */
export function follow<Value>(store: Store<Value>): { values: Value[]; leave: () => void } {
  const values: Value[] = [];
  return { values, leave: store.subscribe(() => values.push(store.get())) };
}
