/**
 * The contract's rows about the user behind a cookie.
 *
 * @module
 */

import {
  ada,
  bob,
  loggedOut,
  logIn,
  ME,
  refreshed,
  type Row,
  sam,
  STATIC_TOKEN,
} from "./contract_setup.ts";

const GONE = "401 INVALID_CREDENTIALS clears";

/** Rows about `/users/me`. */
export const sessionRows: readonly Row[] = [
  { name: "no cookie", path: ME, answer: "401 INVALID_CREDENTIALS" },
  ...["", "theme=dark", "directus_session_token="].map((cookie) => ({
    name: `the cookie '${cookie}'`,
    cookie: () => cookie,
    path: ME,
    answer: "401 INVALID_CREDENTIALS",
  })),
  ...["garbage", "a.b.c"].map((value) => ({
    name: `the session '${value}'`,
    cookie: () => `directus_session_token=${value}`,
    path: ME,
    answer: GONE,
  })),
  {
    name: "a session with a bad signature",
    cookie: async (subject) => `${await ada(subject)}x`,
    path: ME,
    answer: "403 INVALID_TOKEN clears",
  },
  { name: "a session", cookie: ada, path: ME, answer: "200" },
  {
    name: "a session among other cookies",
    cookie: async (subject) => `a=b; ${await ada(subject)}; c=d`,
    path: ME,
    answer: "200",
  },
  {
    name: "a session under another name",
    cookie: async (subject) => (await ada(subject)).replace("directus_session_token", "other"),
    path: ME,
    answer: "401 INVALID_CREDENTIALS",
  },
  {
    name: "a static token as the session",
    cookie: () => `directus_session_token=${STATIC_TOKEN}`,
    path: ME,
    answer: "200",
  },
  {
    name: "a header of 20 KB",
    cookie: async (subject) => `a=${"x".repeat(20_000)}; ${await ada(subject)}`,
    path: ME,
    answer: "431",
  },
  { name: "a session that was logged out", cookie: loggedOut, path: ME, answer: GONE },
  {
    name: "an expired session",
    cookie: async (subject) => await subject.expire(await ada(subject)),
    path: ME,
    answer: "401 TOKEN_EXPIRED",
  },
  {
    name: "a session that was just refreshed",
    async cookie(subject) {
      const cookie = await ada(subject);
      await refreshed(subject, cookie);
      return cookie;
    },
    path: ME,
    answer: "200",
  },
  {
    name: "a session whose grace period after a refresh is over",
    async cookie(subject) {
      const cookie = await ada(subject);
      await refreshed(subject, cookie);
      await subject.outlast(cookie);
      return cookie;
    },
    path: ME,
    answer: GONE,
  },
  {
    name: "the session that replaced it",
    async cookie(subject) {
      const cookie = await ada(subject);
      const fresh = await refreshed(subject, cookie);
      await subject.outlast(cookie);
      return fresh;
    },
    path: ME,
    answer: "200",
  },
  {
    name: "a suspended user",
    async cookie(subject) {
      const cookie = await sam(subject);
      await subject.suspend(true);
      return cookie;
    },
    path: ME,
    answer: GONE,
  },
  {
    name: "a session from before a password change",
    async cookie(subject) {
      await subject.suspend(false); // the row above suspended them
      const cookie = await sam(subject);
      await subject.changePassword();
      return cookie;
    },
    path: ME,
    answer: GONE,
  },
  {
    name: "a deleted user",
    async cookie(subject) {
      const cookie = await logIn(subject, "max");
      await subject.remove();
      return cookie;
    },
    path: ME,
    answer: GONE,
  },
  { name: "a public item, without a session", path: "/items/news/1", answer: "200" },
  { name: "a public item", cookie: bob, path: "/items/news/1", answer: "200" },
  {
    name: "a public item with an invalid cookie",
    cookie: () => "directus_session_token=x",
    path: "/items/news/1",
    answer: GONE,
  },
];
