import {
  AuthorizationResponseError,
  ClientError,
  ResponseBodyError,
  WWWAuthenticateChallengeError,
} from "openid-client";
import { providerFailed, providerUnavailable, signInRefused } from "../../domain/identity/index.ts";
import type { BillingError } from "../../kernel/index.ts";

// What the provider says when it does not know us, rather than the person.
const OUR_FAULT: readonly string[] = [
  "invalid_client",
  "unauthorized_client",
  "invalid_scope",
  "unsupported_grant_type",
  "unsupported_response_type",
];
const BUSY: readonly string[] = ["temporarily_unavailable", "server_error"];
/** The library's words for an answer that is none of the protocol; all others are about what the answer proves. */
const NOT_THE_PROTOCOL: readonly string[] = [
  "OAUTH_RESPONSE_IS_NOT_CONFORM",
  "OAUTH_RESPONSE_IS_NOT_JSON",
  "OAUTH_PARSE_ERROR",
  "OAUTH_HTTP_REQUEST_FORBIDDEN",
  "OAUTH_REQUEST_PROTOCOL_FORBIDDEN",
  "OAUTH_MISSING_SERVER_METADATA",
  "OAUTH_INVALID_SERVER_METADATA",
  "OAUTH_JSON_ATTRIBUTE_COMPARISON_FAILED",
];
const CODE = /^[A-Z_]{1,60}$/;

/** What an error of the library means for who signs in. Nothing of it is passed on but its code. */
export function refusalOf(error: unknown): BillingError {
  if (error instanceof AuthorizationResponseError || error instanceof ResponseBodyError) {
    if (BUSY.includes(error.error) || isServerError(error)) return providerUnavailable();
    const reason = OUR_FAULT.find((code) => code === error.error);
    return reason === undefined ? signInRefused("provider_refused") : providerFailed(reason);
  }
  if (isCutOff(error)) return providerUnavailable();
  // 401: to the client's secret, or to the token that the provider has just given us.
  if (error instanceof WWWAuthenticateChallengeError) return providerFailed("invalid_client");
  const code = error instanceof ClientError ? error.code : undefined;
  if (code === undefined || !CODE.test(code)) return providerFailed("unknown");
  return NOT_THE_PROTOCOL.includes(code) ? providerFailed(code) : signInRefused(code);
}

/** No connection, no answer in time, an answer that breaks off, or a server that fails: somewhere down the causes. */
function isCutOff(error: unknown): boolean {
  if (isServerError(error)) return true;
  if (!(error instanceof Error)) return false;
  const isTimeout = error.name === "TimeoutError" || error.name === "AbortError";
  // fetch says TypeError for every failure of a connection, with the connection's error as its cause.
  const isConnection = error instanceof TypeError && error.cause instanceof Error;
  return isTimeout || isConnection || isCutOff(error.cause);
}

function isServerError(error: unknown): boolean {
  const status = error instanceof Response || error instanceof ResponseBodyError ? error.status : 0;
  return status >= 500;
}
