/**
 * Stands in for `@std/http/status`: the same code by way of npm, with the types that its npm
 * package lacks, of the statuses in use.
 *
 * @module
 */

import * as status from "npm:deno-std@^1.4.0/http/status.js";

/** Names the statuses (RFC 9110 section 15, RFC 6585). */
export const STATUS_CODE: {
  readonly SwitchingProtocols: 101;
  readonly OK: 200;
  readonly Created: 201;
  readonly Accepted: 202;
  readonly NoContent: 204;
  readonly NotModified: 304;
  readonly BadRequest: 400;
  readonly Unauthorized: 401;
  readonly Forbidden: 403;
  readonly NotFound: 404;
  readonly MethodNotAllowed: 405;
  readonly NotAcceptable: 406;
  readonly RequestTimeout: 408;
  readonly Conflict: 409;
  readonly Gone: 410;
  readonly LengthRequired: 411;
  readonly ContentTooLarge: 413;
  readonly UnsupportedMediaType: 415;
  readonly UpgradeRequired: 426;
  readonly TooManyRequests: 429;
  readonly InternalServerError: 500;
  readonly NotImplemented: 501;
  readonly BadGateway: 502;
  readonly ServiceUnavailable: 503;
  readonly GatewayTimeout: 504;
} = status.STATUS_CODE;

/** A status. */
export type StatusCode = typeof STATUS_CODE[keyof typeof STATUS_CODE];

/** The reason phrase of each status. */
export const STATUS_TEXT: Readonly<Record<StatusCode, string>> = status.STATUS_TEXT;
