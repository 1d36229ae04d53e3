/**
 * An authority without a Directus.
 *
 * @module
 */

import type { AskOptions, Authority, User } from "../../live/domain/authority.ts";

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
 * Creates an authority that takes a cookie's value for the user's id, and allows every topic except
 * those with the prefix `secret`.
 *
 * @param methods Methods that override its own.
 */
export function fakeAuthority(methods: Partial<Authority> = {}): FakeAuthority {
  const asked: string[] = [];
  const answers: Authority = {
    authenticate(cookie) {
      return Promise.resolve({ kind: "authenticated", user: userOf(valueOf(cookie.header())) });
    },
    authorise(_cookie, topic) {
      return Promise.resolve({ kind: topic.prefix === "secret" ? "forbidden" : "allowed" });
    },
    ...methods,
  };
  return {
    asked,
    authenticate(cookie, options) {
      asked.push(`authenticate ${valueOf(cookie.header())}${suffixOf(options)}`);
      return answers.authenticate(cookie, options);
    },
    authorise(cookie, topic, options) {
      asked.push(`authorise ${valueOf(cookie.header())} ${topic.name}${suffixOf(options)}`);
      return answers.authorise(cookie, topic, options);
    },
  };
}

function suffixOf(options: AskOptions | undefined): string {
  return options?.fresh ? " fresh" : "";
}

function valueOf(header: string): string {
  return header.slice(header.indexOf("=") + 1);
}
