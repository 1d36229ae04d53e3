/**
 * The shapes of Directus's responses.
 *
 * @module
 */

/** Responds with `{"data": …}`. */
export function respond(data: unknown, headers: HeadersInit = {}): Response {
  return Response.json({ data }, { headers });
}

/** An error that Directus responds with. */
export interface Refusal {
  /** HTTP status. */
  status: number;
  /** Directus's stable error code. */
  code: string;
  /** Message for people. */
  message: string;
  /** More about it, in the error's extensions. */
  reason?: string;
}

/** The errors that Directus responds with. */
export const refusals = {
  credentials: {
    status: 401,
    code: "INVALID_CREDENTIALS",
    message: "Invalid user credentials.",
  },
  expired: { status: 401, code: "TOKEN_EXPIRED", message: "Token expired." },
  token: { status: 403, code: "INVALID_TOKEN", message: "Invalid token." },
  forbidden: {
    status: 403,
    code: "FORBIDDEN",
    message: "You don't have permission to access this.",
  },
  payload: { status: 400, code: "INVALID_PAYLOAD", message: "Invalid payload." },
  query: { status: 400, code: "INVALID_QUERY", message: "Invalid query." },
  route: { status: 404, code: "ROUTE_NOT_FOUND", message: "Route doesn't exist." },
  limited: { status: 429, code: "REQUESTS_EXCEEDED", message: "Too many requests." },
  broken: {
    status: 500,
    code: "INTERNAL_SERVER_ERROR",
    message: "An unexpected error occurred.",
  },
  pressure: { status: 503, code: "SERVICE_UNAVAILABLE", message: "Under pressure" },
} as const satisfies Record<string, Refusal>;

/** Responds with `{"errors": [{"message", "extensions": {"code"}}]}`. */
export function refuse(refusal: Refusal, headers: HeadersInit = {}): Response {
  const { status, code, message, reason } = refusal;
  const extensions = reason === undefined ? { code } : { code, reason };
  return Response.json({ errors: [{ message, extensions }] }, { status, headers });
}

/** Returns the first value of a cookie in a `Cookie` header; `undefined` if it is not there. */
export function readCookie(header: string | null, name: string): string | undefined {
  for (const pair of (header ?? "").split(";")) {
    const equals = pair.indexOf("=");
    if (equals > 0 && pair.slice(0, equals).trim() === name) return pair.slice(equals + 1).trim();
  }
  return undefined;
}
