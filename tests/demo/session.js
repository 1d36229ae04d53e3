/**
 * The session that Directus keeps for this page, in a cookie.
 *
 * @module
 */

/**
 * Logs in, beside another session if a path says where. Returns why that failed, `undefined` if it did
 * not.
 */
export async function logIn(email, password, path = "") {
  try {
    const response = await post(`${path}/auth/login`, { email, password, mode: "session" });
    return response.ok ? undefined : (await response.json()).errors[0].message;
  } catch {
    return "The demo is not running.";
  }
}

/** Renews the cookie. Returns whether that worked. */
export async function refresh() {
  try {
    return (await post("/auth/refresh", { mode: "session" })).ok;
  } catch {
    return false;
  }
}

/** Logs out. */
export async function logOut() {
  await post("/auth/logout", { mode: "session" });
}

/** Returns the session's user, `undefined` if there is no session. */
export async function currentUser() {
  const response = await fetch("/users/me?fields=id,email,first_name,last_name");
  return response.ok ? (await response.json()).data : undefined;
}

/** Returns a user's name, or what comes closest to it. */
export function nameOf({ first_name, last_name, email, id }) {
  return [first_name, last_name].filter(Boolean).join(" ") || email || id;
}

function post(path, body) {
  return fetch(path, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(body),
  });
}
