/**
 * The check for misspelt variables.
 *
 * @module
 */

import { assertEquals } from "@std/assert";
import { checkVariables } from "../../live/doctor/misspelt.ts";
import { lineOf } from "./doctor_setup.ts";

const KNOWN = [
  "DIRECTUS_BASE_URL",
  "DIRECTUS_EVENTS_REDIS_URL",
  "LIVE_ALLOWED_ORIGINS",
  "LIVE_TOPICS",
  "LIVE_WS_HOST",
  "LIVE_WS_PORT",
  "REDIS_URL",
];
const OK = "ok: no name is misspelt";

for (
  const [env, ...lines] of [
    [{}, OK],
    [{ LIVE_TOPICS: "a=b", PATH: "/bin" }, OK],
    [
      { LIVE_ALOWED_ORIGINS: "x" },
      "fault: the server does not read LIVE_ALOWED_ORIGINS. Did you mean LIVE_ALLOWED_ORIGINS?",
    ],
    [ // another program's: ours is set
      { REDIS_URI: "x", REDIS_URL: "redis://localhost" },
      "warning: the server does not read REDIS_URI. Did you mean REDIS_URL?",
    ],
    [
      { DIRECTUS_URL: "x" },
      "warning: the server does not read DIRECTUS_URL. Did you mean DIRECTUS_BASE_URL?",
    ],
    [{ LIVE_WS: "x" }, OK], // several names could be meant
    [{ LIVE_SITE: "example.com", DIRECTUS_SECRET: "x", REDIS_HOST: "redis" }, OK],
    [{ REDIS_PORT: "tcp://10.0.0.1:6379", LIVE_SERVICE_HOST: "10.0.0.2" }, OK], // Kubernetes's
    [
      { LIVE_TOPIC: "a", LIVE_TOPCIS: "b" },
      "fault: the server does not read LIVE_TOPCIS. Did you mean LIVE_TOPICS?",
      "fault: the server does not read LIVE_TOPIC. Did you mean LIVE_TOPICS?",
    ],
  ] as const
) {
  Deno.test(`checkVariables() of ${Object.keys(env).join(", ") || "nothing"}`, () => {
    assertEquals(checkVariables(env, KNOWN).map(lineOf), lines);
  });
}
