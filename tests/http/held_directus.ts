/**
 * A Directus whose answers the test holds back.
 *
 * @module
 */

import type { Authentication, Authorisation, Authority } from "../../live/domain/authority.ts";
import type { Credential } from "../../live/domain/credential.ts";
import { userOf } from "../support/authorities.ts";

/** Directus: it answers a question as things are when it is asked, and the answer takes a while. */
export class HeldDirectus implements Authority {
  /** Suspended users, and withdrawn rights such as `ada event:1`. */
  readonly denied = new Set<string>();
  /** Answers that are on their way. */
  readonly answers: (() => void)[] = [];

  authenticate(credential: Credential): Promise<Authentication> {
    const user = nameOf(credential);
    return this.#later(
      this.denied.has(user)
        ? { kind: "unauthorized" }
        : { kind: "authenticated", user: userOf(user) },
    );
  }

  authorise(credential: Credential, { name }: { readonly name: string }): Promise<Authorisation> {
    const user = nameOf(credential);
    if (this.denied.has(user)) return this.#later({ kind: "unauthorized" });
    return this.#later({ kind: this.denied.has(`${user} ${name}`) ? "forbidden" : "allowed" });
  }

  #later<T>(answer: T): Promise<T> {
    const { promise, resolve } = Promise.withResolvers<T>();
    this.answers.push(() => resolve(answer));
    return promise;
  }
}

function nameOf(credential: Credential): string {
  return credential.requestHeader()?.[1].replace(/.*=/, "") ?? "";
}
