/**
 * The contract's rows about bearer tokens, beside a cookie and alone.
 *
 * @module
 */

import {
  ada,
  bob,
  loggedOut,
  ME,
  PASSWORD,
  post,
  type Row,
  sam,
  STATIC_TOKEN,
  type Subject,
  tokenIn,
} from "./contract_setup.ts";

/** Ada's key depends on Directus, so rows tell users apart by what they may read. */
const EVENT = "/items/events/1";

const GONE = "401 INVALID_CREDENTIALS";

/** Logs Ada in with the mode `json`; resolves to the access token. */
async function accessToken(subject: Subject): Promise<string> {
  const login = { email: "ada@example.com", password: PASSWORD, mode: "json" };
  return (await (await post(subject, "/auth/login", login)).json()).data.access_token;
}

const bearer = async (token: Promise<string>) => `Bearer ${await token}`;

/** Rows about the `Authorization` header. */
export const bearerRows: readonly Row[] = [
  {
    name: "a static token in the header",
    authorization: () => `Bearer ${STATIC_TOKEN}`,
    path: ME,
    answer: "200",
  },
  {
    name: "the scheme in another case",
    authorization: () => `bEARER ${STATIC_TOKEN}`,
    path: ME,
    answer: "200",
  },
  {
    name: "an access token in the header",
    authorization: (subject) => bearer(accessToken(subject)),
    path: EVENT,
    answer: "200",
  },
  {
    name: "the token of a session in the header",
    authorization: (subject) => bearer(ada(subject).then(tokenIn)),
    path: EVENT,
    answer: "200",
  },
  {
    name: "the token of a session that was logged out in the header",
    authorization: (subject) => bearer(loggedOut(subject).then(tokenIn)),
    path: ME,
    answer: GONE,
  },
  {
    name: "the token of an expired session in the header",
    authorization: async (subject) => `Bearer ${tokenIn(await subject.expire(await ada(subject)))}`,
    path: ME,
    answer: "401 TOKEN_EXPIRED",
  },
  {
    name: "a token with a bad signature in the header",
    authorization: async (subject) => `Bearer ${tokenIn(await ada(subject))}x`,
    path: ME,
    answer: "403 INVALID_TOKEN",
  },
  {
    name: "the token of a suspended user in the header",
    async authorization(subject) {
      const cookie = await sam(subject);
      await subject.suspend(true);
      return `Bearer ${tokenIn(cookie)}`;
    },
    path: ME,
    answer: GONE,
  },
  {
    name: "a made-up token in the header",
    authorization: () => "Bearer x",
    path: ME,
    answer: GONE,
  },
  {
    name: "a static token in the header and a cookie of a user who may",
    authorization: () => `Bearer ${STATIC_TOKEN}`,
    cookie: ada,
    path: EVENT,
    answer: "403 FORBIDDEN",
  },
  {
    name: "an access token in the header and a cookie of a user who may not",
    authorization: (subject) => bearer(accessToken(subject)),
    cookie: bob,
    path: EVENT,
    answer: "200",
  },
  {
    name: "a made-up token in the header and a cookie",
    authorization: () => "Bearer x",
    cookie: ada,
    path: EVENT,
    answer: GONE,
  },
  {
    name: "two words in the header and a cookie",
    authorization: () => "Bearer x y",
    cookie: ada,
    path: EVENT,
    answer: "200",
  },
  {
    name: "another scheme in the header and a cookie",
    authorization: () => "Basic eDp5",
    cookie: ada,
    path: EVENT,
    answer: "200",
  },
];
