/**
 * The contract's rows about login, refresh and logout.
 *
 * @module
 */

import {
  ada,
  loggedOut,
  PASSWORD,
  refreshed,
  type Row,
  sam,
  type Subject,
} from "./contract_setup.ts";

const LOGIN = { path: "/auth/login", method: "POST" };
const REFRESH = { path: "/auth/refresh", method: "POST", body: { mode: "session" } };
const LOGOUT = { path: "/auth/logout", method: "POST", body: { mode: "session" } };

const CREDENTIALS = { email: "ada@example.com", password: PASSWORD };

const SESSION = "directus_session_token=…; HttpOnly; Max-Age=86400; Path=/; SameSite=Lax";
const CLEARED = "directus_session_token=; HttpOnly; Max-Age=86400; Path=/; SameSite=Lax";

const expires = 86_400_000;

async function suspended(subject: Subject): Promise<string> {
  const cookie = await sam(subject);
  await subject.suspend(true);
  return cookie;
}

/** Rows about `/auth`. */
export const loginRows: readonly Row[] = [
  {
    ...LOGIN,
    name: "mode session",
    body: { ...CREDENTIALS, mode: "session" },
    answer: "200",
    data: { expires },
    sets: SESSION,
  },
  {
    ...LOGIN,
    name: "mode cookie",
    body: { ...CREDENTIALS, mode: "cookie" },
    answer: "200",
    sets: "directus_refresh_token=…; HttpOnly; Max-Age=604800; Path=/; SameSite=Lax",
  },
  {
    ...LOGIN,
    name: "no mode",
    body: CREDENTIALS,
    answer: "200",
    sets: "",
  },
  ...[
    ["a wrong password", { ...CREDENTIALS, password: "x", mode: "session" }],
    ["an unknown email", { ...CREDENTIALS, email: "nobody@example.com", mode: "session" }],
  ].map(([name, body]) => ({
    ...LOGIN,
    name: `${name}`,
    body,
    answer: "401 INVALID_CREDENTIALS",
    sets: "",
  })),
  {
    ...LOGIN,
    name: "a suspended user, with the same error as a wrong password",
    body: { ...CREDENTIALS, email: "sam@example.com", mode: "session" },
    cookie: async (subject) => {
      await suspended(subject);
      return ""; // the row is about the body
    },
    answer: "401 INVALID_CREDENTIALS",
  },
  ...[
    ["no password", { email: CREDENTIALS.email }],
    ["an unknown mode", { ...CREDENTIALS, mode: "x" }],
    ["nothing", {}],
  ].map(([name, body]) => ({ ...LOGIN, name: `${name}`, body, answer: "400 INVALID_PAYLOAD" })),
  {
    ...REFRESH,
    name: "a session",
    cookie: async (subject) => {
      await subject.suspend(false); // a row above suspended them
      return await ada(subject);
    },
    answer: "200",
    data: { expires },
    sets: SESSION,
  },
  {
    ...REFRESH,
    name: "a session that was just refreshed",
    async cookie(subject) {
      const cookie = await ada(subject);
      await refreshed(subject, cookie);
      return cookie;
    },
    answer: "200",
    sets: SESSION,
  },
  {
    ...REFRESH,
    name: "a session that was logged out",
    cookie: loggedOut,
    answer: "401 INVALID_CREDENTIALS clears",
    sets: CLEARED,
  },
  {
    ...REFRESH,
    name: "a garbage session",
    cookie: () => "directus_session_token=garbage",
    answer: "401 INVALID_CREDENTIALS clears",
  },
  { ...REFRESH, name: "no session", answer: "400 INVALID_PAYLOAD" },
  { ...LOGOUT, name: "a session", cookie: ada, answer: "204 clears", sets: CLEARED },
  {
    ...LOGOUT,
    name: "a session that was logged out",
    cookie: loggedOut,
    answer: "401 INVALID_CREDENTIALS clears",
  },
  { ...LOGOUT, name: "no session", answer: "400 INVALID_PAYLOAD" },
];
