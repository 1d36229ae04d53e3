/**
 * A Directus that is held to the contract, and what the rows of its table are made of.
 *
 * @module
 */

/** A Directus, with what only its keeper can do to it. */
export interface Subject {
  /** Asks it as anybody. */
  fetch(path: string, init?: RequestInit): Promise<Response>;
  /** Resolves once a cookie that was refreshed is good no more. */
  outlast(cookie: string): Promise<void>;
  /** Makes a session be past its time; resolves to its cookie. */
  expire(cookie: string): Promise<string>;
  /** Begins the session of a share of the item 1 of `events`. */
  share(): Promise<string>;
  /** Suspends Sam, or undoes that. */
  suspend(suspended: boolean): Promise<void>;
  /** Changes Sam's password, to the one it was. */
  changePassword(): Promise<void>;
  /** Deletes Max. */
  remove(): Promise<void>;
}

/** One row: what is asked, and what comes. */
export interface Row {
  /** What it is asked with. */
  readonly name: string;
  /** The cookie to ask with, if any. */
  readonly cookie?: (subject: Subject) => Promise<string> | string;
  /** The path, with its query. */
  readonly path: string;
  /** @default {"GET"} */
  readonly method?: string;
  /** What is sent, as JSON. */
  readonly body?: unknown;
  /** Status, error code, and whether the cookie is cleared. */
  readonly answer: string;
  /** The answer's `data`. */
  readonly data?: unknown;
  /** The cookie that it sets, as {@linkcode cookieSetBy} tells it. */
  readonly sets?: string;
}

/** The password of all users. */
export const PASSWORD = "demo";

/** Bob's static token. */
export const STATIC_TOKEN = "the-static-token-of-bob";

/** Asks who one is. */
export const ME = "/users/me?fields=id";

/** Logs a user in; resolves to the pair for a `Cookie` header. */
export async function logIn(subject: Pick<Subject, "fetch">, name: string): Promise<string> {
  const login = { email: `${name}@example.com`, password: PASSWORD, mode: "session" };
  return pairOf(await post(subject, "/auth/login", login));
}

/** Logs Ada in, who may read. */
export const ada = (subject: Subject): Promise<string> => logIn(subject, "ada");
/** Logs Bob in, who may not. */
export const bob = (subject: Subject): Promise<string> => logIn(subject, "bob");
/** Logs Sam in, to whom things happen. */
export const sam = (subject: Subject): Promise<string> => logIn(subject, "sam");

/** Logs Ada in and out again; resolves to the cookie. */
export async function loggedOut(subject: Pick<Subject, "fetch">): Promise<string> {
  const cookie = await logIn(subject, "ada");
  const { body } = await post(subject, "/auth/logout", { mode: "session" }, cookie);
  await body?.cancel();
  return cookie;
}

/** Refreshes a cookie; resolves to the new one. */
export async function refreshed(
  subject: Pick<Subject, "fetch">,
  cookie: string,
): Promise<string> {
  return pairOf(await post(subject, "/auth/refresh", { mode: "session" }, cookie));
}

/** Posts JSON with a session's cookie, or without. */
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

/**
 * Returns the cookie that an answer sets, its value hidden and its attributes in order; none of
 * them is when it ends, as that is told twice.
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
