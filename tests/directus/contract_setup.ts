/**
 * What the contract with Directus is made of: a Directus to test, and the rows of the table.
 *
 * @module
 */

/** A Directus to test, and what only its administrator can do to it. */
export interface Subject {
  /** Sends a request. */
  fetch(path: string, init?: RequestInit): Promise<Response>;
  /** Resolves once a cookie that was refreshed is no longer accepted. */
  outlast(cookie: string): Promise<void>;
  /** Expires a session; resolves to its cookie. */
  expire(cookie: string): Promise<string>;
  /** Opens the session of a share of item 1 of `events`; resolves to its cookie. */
  share(): Promise<string>;
  /** Suspends Sam, or takes that back. */
  suspend(suspended: boolean): Promise<void>;
  /** Changes Sam's password, to the same one. */
  changePassword(): Promise<void>;
  /** Deletes Max. */
  remove(): Promise<void>;
}

/** One row: a request and its response. */
export interface Row {
  /** What is special about the request. */
  readonly name: string;
  /** Returns the `Cookie` header. @default {none} */
  readonly cookie?: (subject: Subject) => Promise<string> | string;
  /** Returns the `Authorization` header. @default {none} */
  readonly authorization?: (subject: Subject) => Promise<string> | string;
  /** Path and query. */
  readonly path: string;
  /** @default {"GET"} */
  readonly method?: string;
  /** Body, sent as JSON. */
  readonly body?: unknown;
  /** Status, error code, and whether the cookie is cleared; see {@linkcode verdict}. */
  readonly answer: string;
  /** The response's `data`. */
  readonly data?: unknown;
  /** The cookie that the response sets; see {@linkcode cookieSetBy}. */
  readonly sets?: string;
}

/** The password of all users. */
export const PASSWORD = "demo";

/** Bob's static token. */
export const STATIC_TOKEN = "the-static-token-of-bob";

/** Path of the session's own user. */
export const ME = "/users/me?fields=id";

/** Logs a user in; resolves to the `Cookie` header. */
export async function logIn(subject: Pick<Subject, "fetch">, name: string): Promise<string> {
  const login = { email: `${name}@example.com`, password: PASSWORD, mode: "session" };
  return pairOf(await post(subject, "/auth/login", login));
}

/** Logs in Ada, who may read. */
export const ada = (subject: Subject): Promise<string> => logIn(subject, "ada");
/** Logs in Bob, who may not. */
export const bob = (subject: Subject): Promise<string> => logIn(subject, "bob");
/** Logs in Sam, a user whom some rows suspend. */
export const sam = (subject: Subject): Promise<string> => logIn(subject, "sam");

/** Returns the token in a `Cookie` header. */
export function tokenIn(cookie: string): string {
  return cookie.slice(cookie.indexOf("=") + 1);
}

/** Logs Ada in and out again; resolves to the `Cookie` header. */
export async function loggedOut(subject: Pick<Subject, "fetch">): Promise<string> {
  const cookie = await logIn(subject, "ada");
  const { body } = await post(subject, "/auth/logout", { mode: "session" }, cookie);
  await body?.cancel();
  return cookie;
}

/** Refreshes a session; resolves to the new `Cookie` header. */
export async function refreshed(
  subject: Pick<Subject, "fetch">,
  cookie: string,
): Promise<string> {
  return pairOf(await post(subject, "/auth/refresh", { mode: "session" }, cookie));
}

/** Posts JSON, with a cookie or without. */
export function post(
  subject: Pick<Subject, "fetch">,
  path: string,
  body: unknown,
  cookie?: string,
): Promise<Response> {
  const headers = {
    "content-type": "application/json",
    ...(cookie === undefined ? {} : { cookie }),
  };
  return subject.fetch(path, { method: "POST", headers, body: JSON.stringify(body) });
}

/** Returns status and error code of a response, and whether it clears the cookie. */
export async function verdict(response: Response): Promise<string> {
  const text = await response.text();
  const code = text.startsWith('{"errors"') ? ` ${JSON.parse(text).errors[0].extensions.code}` : "";
  const clears = /^\w+=;/.test(response.headers.get("set-cookie") ?? "");
  return `${response.status}${code}${clears ? " clears" : ""}`;
}

/**
 * Returns the cookie that a response sets, with its value hidden and its attributes sorted. Leaves
 * out `Expires`, which repeats `Max-Age`.
 */
export function cookieSetBy(response: Response): string {
  const [pair = "", ...attributes] = (response.headers.getSetCookie()[0] ?? "").split(/; */);
  const lasting = attributes.filter((attribute) => !attribute.startsWith("Expires="));
  return [pair.replace(/=.+/, "=…"), ...lasting.toSorted()].join("; ");
}

async function pairOf(response: Response): Promise<string> {
  const text = await response.text();
  const [pair = ""] = (response.headers.getSetCookie()[0] ?? "").split(";", 1);
  if (response.ok && /=./.test(pair)) return pair;
  throw new Error(`No cookie came with ${response.status} ${text}`);
}
