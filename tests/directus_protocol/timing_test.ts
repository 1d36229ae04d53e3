/**
 * Tests of what happens after a time: timeouts, expiry and the heartbeat.
 *
 * @module
 */

import { assertEquals } from "@std/assert";
import { FakeTime } from "@std/testing/time";
import { BearerToken, PUBLIC } from "../../live/domain/credential.ts";
import { SessionCookie } from "../../live/domain/session_cookie.ts";
import { userOf } from "../support/authorities.ts";
import { pass } from "../views/setup.ts";
import { expiringIn, TimingSetup, tokenFor } from "./timing_setup.ts";

Deno.test("a client has ten seconds to authenticate", async () => {
  using time = new FakeTime();
  await using setup = new TimingSetup();

  time.tick(9_999);
  const before = setup.closes.length;
  time.tick(1);

  assertEquals(before, 0);
  assertEquals([setup.outline, setup.closes], [["auth AUTH_FAILED"], [4501]]);
  assertEquals(setup.withoutAuth, 1);
});

Deno.test("auth is answered within a second, even if Directus has not answered", async () => {
  using time = new FakeTime();
  await using setup = new TimingSetup();

  setup.send({ type: "auth", access_token: "token" });
  setup.send({ type: "ping" });
  await time.tickAsync(999);
  const early = setup.outline;
  setup.entering[0]?.resolve({ kind: "entered", apply() {} });
  await time.tickAsync(0);

  assertEquals(early, ["auth ok"]);
  assertEquals(setup.outline, ["auth ok", "pong"]);
});

Deno.test("a token that turns out to be invalid after that ends the connection", async () => {
  using time = new FakeTime();
  await using setup = new TimingSetup();

  setup.send({ type: "auth", access_token: "token" });
  await time.tickAsync(999);
  setup.entering[0]?.resolve({ kind: "refused", isBad: true, close: [4501, ""] });
  await time.tickAsync(0);

  assertEquals([setup.outline, setup.closes], [["auth ok", "auth AUTH_FAILED"], [4501]]);
});

Deno.test("a client that leaves while its token is checked releases what was reserved", async () => {
  using time = new FakeTime();
  await using setup = new TimingSetup();
  let applied = 0;

  setup.send({ type: "auth", access_token: "token" });
  setup.connection.end(1000, "");
  setup.entering[0]?.resolve({ kind: "entered", apply: () => applied++ });
  await time.tickAsync(0);

  assertEquals([applied, setup.outline, setup.monitored], [1, [], 0]);
});

Deno.test("the frames that wait while a token is checked are bounded", async () => {
  using _time = new FakeTime();
  await using setup = new TimingSetup();

  setup.send({ type: "auth", access_token: "token" });
  for (let n = 0; n < 6; n++) setup.send({ type: "ping", uid: "x".repeat(50_000) });

  assertEquals(setup.closes, [4429]);
});

Deno.test("a token that expires is reported, and another one may follow within ten seconds", async () => {
  using time = new FakeTime();
  await using setup = new TimingSetup(tokenFor(20));

  time.tick(20_000);
  setup.send({ type: "auth", access_token: "token" });
  setup.entering[0]?.resolve({
    kind: "entered",
    apply: () => setup.connection.identify(userOf("ada"), new BearerToken("static")),
  });
  await time.tickAsync(0);
  time.tick(20_000);

  assertEquals(setup.outline, ["auth TOKEN_EXPIRED", "auth ok", "ping"]);
  assertEquals(setup.closes, []);
});

Deno.test("a client that sends no other token in time is disconnected", async () => {
  using time = new FakeTime();
  await using setup = new TimingSetup(tokenFor(20));

  time.tick(30_000);

  assertEquals(setup.outline, ["auth TOKEN_EXPIRED", "auth AUTH_TIMEOUT"]);
  assertEquals(setup.closes, [4401]);
});

Deno.test("if the public is admitted, a client that sends no other token in time becomes the public", async () => {
  using time = new FakeTime();
  await using setup = new TimingSetup(tokenFor(20), true);

  time.tick(28_999); // a token has whole seconds
  const early = setup.entered.length;
  time.tick(1_001);
  setup.entering[0]?.resolve({
    kind: "entered",
    apply: () => setup.connection.identify(null, PUBLIC),
  });
  setup.send({ type: "ping" });
  await time.tickAsync(3_600_000);

  assertEquals([early, setup.entered], [0, [PUBLIC]]);
  assertEquals(setup.outline.slice(0, 3), ["auth TOKEN_EXPIRED", "auth AUTH_TIMEOUT", "pong"]);
});

Deno.test("if the public is admitted, a client whose token turns out to be invalid after that becomes the public", async () => {
  using time = new FakeTime();
  await using setup = new TimingSetup(PUBLIC, true);

  setup.send({ type: "auth", access_token: "token" });
  await time.tickAsync(999);
  setup.entering[0]?.resolve({ kind: "refused", isBad: true, close: [4501, ""] });
  await time.tickAsync(0);
  setup.entering[1]?.resolve({ kind: "entered", apply() {} });
  setup.send({ type: "ping" });
  await time.tickAsync(0);

  assertEquals(setup.outline, ["auth ok", "auth AUTH_FAILED", "pong"]);
  assertEquals([setup.entered.at(-1), setup.closes], [PUBLIC, []]);
});

Deno.test("a cookie whose session is over closes the connection even if the public is admitted", async () => {
  using time = new FakeTime();
  await using setup = new TimingSetup(new SessionCookie("session", expiringIn(20)), true);

  time.tick(20_000);

  assertEquals([setup.outline, setup.closes], [["auth TOKEN_EXPIRED"], [4401]]);
});

Deno.test("a token that expires in years does not set a timer that fires at once", async () => {
  using time = new FakeTime();
  await using setup = new TimingSetup(tokenFor(3 * 365 * 86_400));

  time.tick(20_000);

  assertEquals([setup.outline, setup.closes], [[], []]);
});

Deno.test("the end of a right is reported 10 ms after another message", async () => {
  using time = new FakeTime();
  await using setup = new TimingSetup(new BearerToken("static"));
  const { source, views } = setup.opened;
  setup.send({ type: "subscribe", collection: "events", uid: "1" });
  await pass(time, 1_000);
  source.classes.set("ada", { kind: "refused", code: "forbidden", reason: "no" });

  setup.send({ type: "ping" });
  await views.check(new BearerToken("static"));
  const told = () => setup.socket.frames.map((frame) => JSON.parse(frame).event);
  const before = told();
  time.tick(10);

  assertEquals(before, ["init", undefined]);
  assertEquals(told(), ["init", undefined, "unsubscribe"]);
});

Deno.test("answers to messages that arrive together are 10 ms apart", async () => {
  using time = new FakeTime();
  await using setup = new TimingSetup(new BearerToken("static"));

  for (let n = 0; n < 2; n++) setup.send({ type: "subscribe", collection: "directus_users" });
  const before = setup.outline;
  time.tick(10);

  assertEquals(before, ["subscribe INVALID_QUERY"]);
  assertEquals(setup.outline, ["subscribe INVALID_QUERY", "subscribe INVALID_QUERY"]);
});

Deno.test("clients are pinged every thirty seconds, and disconnected if they do not answer", async () => {
  using time = new FakeTime();
  await using setup = new TimingSetup(new BearerToken("static"));

  time.tick(30_000);
  setup.send({ type: "pong" });
  time.tick(30_000);
  const answered = setup.closes.length;
  time.tick(30_000);

  assertEquals(setup.outline, ["ping", "ping"]);
  assertEquals([answered, setup.closes], [0, [1013]]);
});
