/**
 * Tests of the check whether it is Directus that answers.
 *
 * @module
 */

import { assertEquals } from "@std/assert";
import { createDirectusClient, type DirectusClient } from "../../live/directus/directus_client.ts";
import { RecordingLogger } from "../support/recording_logger.ts";
import { RecordingMetrics } from "../support/recording_metrics.ts";
import { anyCookie } from "./setup.ts";

const HTML = () => new Response("<html>Login</html>");
const DENIED = () =>
  Response.json({ errors: [{ message: "no", extensions: { code: "INVALID_CREDENTIALS" } }] }, {
    status: 401,
  });
const DOWN = () => new Response(null, { status: 503 });
const USER = () => Response.json({ data: { id: "ada" } });

/** A client of a Directus that answers clients and the server's own question as the test wants. */
class Setup {
  client: DirectusClient;
  now = 0;
  /** The answer to clients. */
  answer = USER;
  /** The answer to the server's own question. */
  own: () => Response = DENIED;
  /** How often the server asked its own question. */
  asked = 0;

  constructor() {
    this.client = createDirectusClient({
      baseUrl: "http://directus",
      timeoutMs: 1_000,
      maxConcurrency: 1,
      metrics: new RecordingMetrics(),
      logger: new RecordingLogger(),
      now: () => this.now,
      random: () => 0,
      fetch: (_, init) => {
        const isOwn = new Headers(init?.headers).has("authorization");
        if (isOwn) this.asked++;
        return Promise.resolve(isOwn ? this.own() : this.answer());
      },
    });
  }

  /** Makes a client's call that is answered so, and resolves to the verdict. */
  async verdictAfter(answer: () => Response): Promise<string | undefined> {
    this.answer = answer;
    await this.client.get("/users/me", anyCookie);
    return await this.client.foreignAnswer();
  }
}

for (
  const [what, answer, fault] of [
    ["a page", HTML, "response is not JSON"],
    ["JSON of another form", () => Response.json({ ok: true }), "response has no data"],
    ["a redirect", () => new Response(null, { status: 302 }), "status 302"],
    [
      "a proxy's 403",
      () => new Response("no", { status: 403 }),
      "status 403 without Directus's error",
    ],
  ] as const
) {
  Deno.test(`DirectusClient.foreignAnswer() says so while everything is answered with ${what}`, async () => {
    const setup = new Setup();
    setup.own = answer;
    assertEquals(await setup.verdictAfter(answer), fault);
  });

  Deno.test(`DirectusClient.foreignAnswer() does not believe a client's question that gets ${what}`, async () => {
    const setup = new Setup();
    assertEquals([await setup.verdictAfter(answer), setup.asked], [undefined, 1]);
    assertEquals([await setup.client.foreignAnswer(), setup.asked], [undefined, 1]);
  });
}

for (const [what, answer] of [["its user", USER], ["a denial", DENIED], ["a 503", DOWN]] as const) {
  Deno.test(`DirectusClient.foreignAnswer() asks nothing after ${what}`, async () => {
    const setup = new Setup();
    assertEquals([await setup.verdictAfter(answer), setup.asked], [undefined, 0]);
  });
}

Deno.test("DirectusClient.foreignAnswer() asks once a second, and notices when Directus is back", async () => {
  const setup = new Setup();
  setup.own = HTML;
  await setup.verdictAfter(HTML);
  setup.own = DENIED;

  const early = await setup.client.foreignAnswer();
  setup.now = 1_000;
  const late = await setup.client.foreignAnswer();

  assertEquals([early, late, setup.asked], ["response is not JSON", undefined, 2]);
});

Deno.test("DirectusClient.foreignAnswer() keeps its verdict while nothing answers", async () => {
  const setup = new Setup();
  setup.own = HTML;
  await setup.verdictAfter(HTML);
  setup.own = DOWN;
  setup.now = 1_000;

  assertEquals(await setup.client.foreignAnswer(), "response is not JSON");
});
