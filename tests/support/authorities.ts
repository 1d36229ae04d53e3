/**
 * An authority without a Directus.
 *
 * @module
 */

import type { AskOptions, Authority, User } from "../../live/domain/authority.ts";
import type { Credential } from "../../live/domain/credential.ts";

/** An authority that records what it is asked. */
export interface FakeAuthority extends Authority {
  /**
   * Questions in order, such as `authenticate ada` and `authorise ada event:42`. Fresh ones end with
   * ` fresh`.
   */
  readonly asked: string[];
}

/** Returns the `Cookie` header of a user of {@linkcode fakeAuthority}. */
export function cookieOf(userId: string): string {
  return `directus_session_token=${userId}`;
}

/** Returns a user of whom only the id is known. */
export function userOf(id: string): User {
  return { id, email: null, role: null, first_name: null, last_name: null };
}

/**
 * Creates an authority that takes the value of a cookie or a bearer token for the user's id, and allows every topic except
 * those with the prefix `secret`.
 *
 * @param methods Methods that override its own.
 */
export function fakeAuthority(methods: Partial<Authority> = {}): FakeAuthority {
  const asked: string[] = [];
  const answers: Authority = {
    authenticate(credential) {
      return Promise.resolve({ kind: "authenticated", user: userOf(valueOf(credential)) });
    },
    authorise(_credential, topic) {
      return Promise.resolve({ kind: topic.prefix === "secret" ? "forbidden" : "allowed" });
    },
    ...methods,
  };
  return {
    asked,
    authenticate(credential, options) {
      asked.push(`authenticate ${valueOf(credential)}${suffixOf(options)}`);
      return answers.authenticate(credential, options);
    },
    authorise(credential, topic, options) {
      asked.push(`authorise ${valueOf(credential)} ${topic.name}${suffixOf(options)}`);
      return answers.authorise(credential, topic, options);
    },
  };
}

function suffixOf(options: AskOptions | undefined): string {
  return options?.fresh ? " fresh" : "";
}

function valueOf(credential: Credential): string {
  return credential.requestHeader()?.[1].replace(/^[^ =]*[ =]/, "") ?? "";
}
