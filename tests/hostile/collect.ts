/**
 * Loaded before `main.ts`: collects garbage at each SIGUSR2, so that what is held can be told from
 * what V8 has yet to sweep. It sweeps when it needs room, which an idle server does not.
 *
 * @module
 */

import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";

setFlagsFromString("--expose-gc");
const collect: () => void = runInNewContext("gc");

Deno.addSignalListener("SIGUSR2", () => collect());
