/**
 * The entry point of a thread that serves clients.
 *
 * @module
 */

import type { Port } from "./channel.ts";
import { serveThread } from "./serve_thread.ts";

serveThread(self as unknown as Port);
