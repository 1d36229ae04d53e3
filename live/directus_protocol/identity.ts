/**
 * The identity of a client of Directus's realtime protocol. It may authenticate after it has connected, and
 * again when its token expires.
 *
 * @module
 */

import type { Connection } from "../connection/connection.ts";
import { CloseCode } from "../domain/close_codes.ts";
import { BearerToken, type Credential, expiryOf, PUBLIC } from "../domain/credential.ts";
import type { Metrics } from "../domain/metrics.ts";
import { SessionCookie } from "../domain/session_cookie.ts";
import type { Viewer } from "../domain/view_source.ts";
import { authenticatedFrame, errorFrame } from "./answers.ts";
import type { AuthMessage, DirectusMessage, ReadMessage } from "./messages.ts";

/** The result for an accepted credential. */
export interface Entered {
  /** Tells the union's members apart. */
  readonly kind: "entered";
  /** Assigns the connection to the user, unless it has ended. Must be called. */
  readonly apply: () => void;
}

/** The result for a credential that was refused, or could not be checked. */
export interface NotEntered {
  /** Tells the union's members apart. */
  readonly kind: "refused";
  /** Whether the credential is invalid; otherwise the client may try again. */
  readonly isBad: boolean;
  /** Code and reason to close with if the credential is not invalid. */
  readonly close: readonly [code: number, reason: string];
}

/** Checks credentials that clients present after they have connected. */
export interface Entrance {
  /** Whether a client without a credential is admitted as the public. */
  readonly admitsPublic: boolean;
  /** Checks a credential, which may be {@linkcode PUBLIC}. Never rejects. */
  enter(connection: Connection, credential: Credential): Promise<Entered | NotEntered>;
  /** Notes for the operator that a client is refused that sent no `auth`. */
  noteNoAuth(): void;
}

/** What an identity needs. */
export interface IdentityOptions {
  /** Checks credentials. */
  readonly entrance: Entrance;
  /** Counts messages. */
  readonly metrics: Metrics;
  /** Called to assign the connection to another user; it must call `apply`. */
  readonly onChange: (apply: () => void) => void;
  /** Called when the client's identity is known. */
  readonly onEntered: (viewer: Viewer) => void;
  /** Called when the client's identity is no longer known. */
  readonly onLeft: () => void;
  /** Called with each frame that had to wait for authentication. */
  readonly onMessage: (frame: string | ArrayBuffer) => void;
}

/** How long a client may take to authenticate, in milliseconds: Directus's default. */
const AUTH_TIMEOUT_MS = 10_000;

/**
 * If Directus has not answered after this time, the client gets a provisional `auth` answer, in
 * milliseconds. The SDK waits only one second for it. The client gets nothing else until Directus has
 * confirmed the credential.
 */
const PROVISIONAL_MS = 700;

/** How many frames may wait while a credential is checked, by their length in UTF-16 code units. */
const MAX_WAITING_LENGTH = 262_144;

/** The longest delay of a timer, in milliseconds. */
const MAX_DELAY_MS = 2 ** 31 - 1;

/** The error for logins that this server does not support. */
const TOKENS_ONLY =
  "Authentication failed. This server takes an access_token only: log in and refresh " +
  "at Directus itself.";

/**
 * Authenticates a client, and again when its token expires. A client that fails is disconnected, or
 * continues as the public if that is admitted.
 */
export class Identity {
  readonly #connection: Connection;
  readonly #options: IdentityOptions;
  /** Frames that arrived while the first credential was checked. */
  readonly #waiting: (string | ArrayBuffer)[] = [];
  #waitingLength = 0;
  #state: "unknown" | "entering" | "known" | "expired";
  #timer: ReturnType<typeof setTimeout> | undefined;
  #hasEnded = false;

  /** Creates the identity of a connection that may have been authenticated when it was opened. */
  constructor(connection: Connection, options: IdentityOptions) {
    this.#connection = connection;
    this.#options = options;
    this.#state = connection.credential === null ? "unknown" : "known";
    if (this.#state === "known") this.#watchExpiry();
    else this.#setTimer(() => this.#refuseFirst(), AUTH_TIMEOUT_MS);
  }

  /** Whether the client has ever authenticated, or is the public. */
  get isKnown(): boolean {
    return this.#state === "known" || this.#state === "expired";
  }

  /** The session with which views are read; `undefined` while it is not known. */
  get viewer(): Viewer | undefined {
    const { credential, user } = this.#connection;
    return this.#state === "known" && credential !== null ? { credential, user } : undefined;
  }

  /**
   * Takes a frame if it is about authentication, or if it has to wait for that.
   *
   * @returns Whether the frame was taken. If not, the caller handles it.
   */
  takes(read: ReadMessage, frame: string | ArrayBuffer): boolean {
    const message = read.kind === "message" ? read.message : undefined;
    if (this.#state === "entering") this.#wait(frame);
    else if (message?.type === "auth") this.#authenticate(message);
    else if (this.#state === "unknown") this.#refuseFirst();
    else return false;
    return true;
  }

  /** Notes that the session is over. A client that sent a token may send another. */
  expire(): void {
    if (this.#state !== "known") return;
    const { credential } = this.#connection;
    this.#state = "expired";
    this.#options.onLeft();
    this.#fail("TOKEN_EXPIRED", "Token expired.");
    // The cookie of the browser's next connection is the new one.
    if (credential instanceof SessionCookie) {
      return this.#connection.end(CloseCode.SessionEnded, "session is no longer good");
    }
    this.#setTimer(() => {
      this.#fail("AUTH_TIMEOUT", "Authentication timed out.");
      this.#leave(CloseCode.SessionEnded, "authentication timed out");
    }, AUTH_TIMEOUT_MS);
  }

  /** Stops all timers. */
  end(): void {
    this.#hasEnded = true;
    clearTimeout(this.#timer);
  }

  #wait(frame: string | ArrayBuffer): void {
    this.#waitingLength += typeof frame === "string" ? frame.length : frame.byteLength;
    if (this.#waitingLength > MAX_WAITING_LENGTH) {
      return this.#connection.end(CloseCode.TooMany, "too many messages");
    }
    this.#waiting.push(frame);
  }

  async #authenticate({ access_token, uid }: AuthMessage): Promise<void> {
    const isFirst = this.#state === "unknown";
    const credential = access_token === undefined ? undefined : BearerToken.from(access_token);
    if (credential === undefined) {
      return this.#refuse(isFirst, uid, access_token === undefined ? TOKENS_ONLY : undefined);
    }
    const connection = this.#connection;
    let isAnswered = false;
    const confirm = () => {
      if (!isAnswered) connection.deliver(authenticatedFrame(uid));
      isAnswered = true;
    };
    const provisional = setTimeout(() => {
      this.#options.onLeft(); // events with the rights of the former session must not follow
      confirm();
    }, PROVISIONAL_MS);
    const answer = await this.#enter(credential, confirm);
    clearTimeout(provisional);
    if (answer?.isBad) this.#refuse(isFirst, uid);
    else if (answer !== undefined) connection.end(...answer.close);
  }

  /**
   * Checks a credential, and continues with it if it is accepted.
   *
   * @param confirm Sends the client the confirmation, before anything else.
   * @returns The refusal; `undefined` if there is none, or the client has disconnected.
   */
  async #enter(credential: Credential, confirm: () => void): Promise<NotEntered | undefined> {
    const { entrance, onChange, onEntered, onMessage } = this.#options;
    this.#state = "entering";
    clearTimeout(this.#timer);
    const answer = await entrance.enter(this.#connection, credential);
    if (answer.kind === "refused") return this.#hasEnded ? undefined : answer;
    if (this.#hasEnded) return void answer.apply();
    onChange(answer.apply);
    if (this.#connection.ended) return undefined; // the user was revoked meanwhile
    this.#state = "known";
    confirm();
    this.#watchExpiry();
    if (this.viewer !== undefined) onEntered(this.viewer);
    this.#waitingLength = 0;
    for (const frame of this.#waiting.splice(0)) onMessage(frame);
    return undefined;
  }

  /** Continues as the public if that is admitted; otherwise closes. */
  async #leave(code: CloseCode, reason: string): Promise<void> {
    if (!this.#options.entrance.admitsPublic) return this.#connection.end(code, reason);
    const refusal = await this.#enter(PUBLIC, () => {});
    if (refusal !== undefined) this.#connection.end(...refusal.close);
  }

  /** Refuses a client that sends no `auth`. */
  #refuseFirst(): void {
    const { entrance } = this.#options;
    if (!entrance.admitsPublic) entrance.noteNoAuth();
    this.#refuse(true, undefined);
  }

  #refuse(isFirst: boolean, uid: AuthMessage["uid"], text?: string): void {
    if (isFirst) this.#fail("AUTH_FAILED", text ?? "Authentication handshake failed.");
    else this.#fail("AUTH_FAILED", text ?? "Authentication failed.", uid);
    this.#leave(CloseCode.Unauthorized, "no valid session");
  }

  #fail(
    code: "AUTH_FAILED" | "AUTH_TIMEOUT" | "TOKEN_EXPIRED",
    message: string,
    uid?: DirectusMessage["uid"],
  ): void {
    this.#connection.deliver(errorFrame("auth", { code, message }, uid));
  }

  #watchExpiry(): void {
    const { credential } = this.#connection;
    const expiresAt = credential === null ? undefined : expiryOf(credential);
    if (expiresAt === undefined) return clearTimeout(this.#timer);
    const delayMs = Math.max(0, expiresAt - Date.now());
    if (delayMs > MAX_DELAY_MS) this.#setTimer(() => this.#watchExpiry(), MAX_DELAY_MS);
    else this.#setTimer(() => this.expire(), delayMs);
  }

  #setTimer(action: () => void, delayMs: number): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(action, delayMs);
  }
}
