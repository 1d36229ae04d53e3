/**
 * Calls to the server. The token is only in this object, neither in storage nor in the URL, so a reload
 * forgets it.
 *
 * @module
 */

/** How long an answer may take, in milliseconds. */
const TIMEOUT_MS = 10_000;

/** The server refused a call. */
export class Refused extends Error {
  constructor(status, message) {
    super(message);
    this.status = status;
  }
}

/** Calls the server with a token. */
export class Api {
  #token;

  constructor(token) {
    this.#token = token;
  }

  /** Resolves to the status. */
  status(query) {
    return this.#get("status", query);
  }

  /** Resolves to what a topic holds. */
  topic(query) {
    return this.#get("status/topic", query);
  }

  /** Publishes a message; resolves to its position. */
  async publish(publication) {
    const { published } = await this.#post("publish", publication);
    return published[0];
  }

  /** Revokes a user or a connection; resolves to counts. */
  revoke(revocation) {
    return this.#post("revoke", revocation);
  }

  #get(path, query) {
    return this.#call(`${path}?${new URLSearchParams(query)}`, {});
  }

  #post(path, body) {
    const headers = { "content-type": "application/json" };
    return this.#call(path, { method: "POST", headers, body: JSON.stringify(body) });
  }

  async #call(path, { headers = {}, ...init }) {
    const response = await fetch(path, {
      ...init,
      headers: { ...headers, authorization: `Bearer ${this.#token}` },
      credentials: "omit",
      cache: "no-store",
      redirect: "error",
      signal: AbortSignal.timeout(TIMEOUT_MS),
    });
    const answer = await response.json().catch(() => ({}));
    if (response.ok) return answer;
    throw new Refused(response.status, answer.error ?? `status ${response.status}`);
  }
}
