/**
 * The check that Directus answers.
 *
 * @module
 */

import { assertEquals } from "@std/assert";
import { checkClock, checkServer } from "../../live/doctor/directus_server.ts";
import { type Answer, callOf, lineOf } from "./doctor_setup.ts";

const URL = "http://directus/cms";
const DATE = "Thu, 26 Nov 2026 01:00:00 GMT";
const NOW = Date.parse(DATE);

const pong: Answer = { body: "pong", headers: { date: DATE } };
const denied: Answer = {
  status: 401,
  body: { errors: [{ extensions: { code: "INVALID_CREDENTIALS" } }] },
};
const page: Answer = {
  body: "<html><title>Down\u001b[31m for maintenance</title>",
  headers: { "content-type": "text/html; charset=utf-8" },
};

const REFUSED = "fault: http://directus/cms cannot be reached: connection refused. " +
  "Start Directus, or correct DIRECTUS_BASE_URL";
const NOT = "fault: what answers at http://directus/cms is not Directus:";

for (
  const [name, answers, ...lines] of [
    [
      "Directus",
      { [`${URL}/server/ping`]: pong, [`${URL}/users/me?fields=id`]: denied },
      "ok: answers at http://directus/cms",
      "ok: agrees with that of Directus",
    ],
    ["nothing", {}, REFUSED],
    [
      "a page of maintenance",
      { [`${URL}/server/ping`]: page },
      `${NOT} status 200, text/html, title "Down [31m for maintenance". ` +
      "Set DIRECTUS_BASE_URL to the address of Directus's API",
    ],
    [
      "the app of a Directus that is one folder above",
      { [`${URL}/server/ping`]: page, "http://directus/server/ping": pong },
      `${NOT} status 200, text/html, title "Down [31m for maintenance". ` +
      "Set DIRECTUS_BASE_URL=http://directus",
    ],
    [
      "a redirect to HTTPS",
      {
        [`${URL}/server/ping`]: {
          status: 308,
          headers: { location: "https://directus/cms/server/ping" },
        },
      },
      `${NOT} status 308, no content type. Set DIRECTUS_BASE_URL=https://directus/cms`,
    ],
    [
      "a redirect to a login",
      { [`${URL}/server/ping`]: { status: 302, headers: { location: "/login" } } },
      `${NOT} status 302, no content type. ` +
      "Set DIRECTUS_BASE_URL to the address of Directus's API",
    ],
    [
      "a proxy without Directus",
      { [`${URL}/server/ping`]: { status: 502 } },
      `${NOT} status 502, no content type. Repair Directus, or the proxy in front of it`,
    ],
    [
      "a proxy that keeps /users/me to itself",
      { [`${URL}/server/ping`]: pong, [`${URL}/users/me?fields=id`]: page },
      "fault: http://directus/cms answers /server/ping like Directus, but not /users/me: " +
      'status 200, text/html, title "Down [31m for maintenance". ' +
      "Let the proxy in front of Directus pass every path on, without a login of its own",
    ],
  ] as const
) {
  Deno.test(`checkServer() recognises ${name}`, async () => {
    const { findings, isDirectus } = await checkServer(URL, callOf(answers), () => NOW);
    assertEquals(findings.map(lineOf), [...lines]);
    assertEquals(isDirectus, name === "Directus");
  });
}

for (
  const [theirs, ours, ...lines] of [
    [NOW, NOW + 29_000, "ok: agrees with that of Directus"],
    [
      NOW,
      NOW - 90_000,
      "warning: is 90 seconds behind that of Directus. " +
      "Synchronise both machines (NTP): sessions expire by the clock",
    ],
    [
      NOW,
      NOW + 90_000,
      "warning: is 90 seconds ahead of that of Directus. " +
      "Synchronise both machines (NTP): sessions expire by the clock",
    ],
    [NaN, NOW],
  ] as const
) {
  Deno.test(`checkClock() of a difference of ${ours - theirs} ms`, () => {
    assertEquals(checkClock(theirs, ours).map(lineOf), [...lines]);
  });
}
