import { BillingError } from "../../kernel/index.ts";

/** By what somebody proved who they are. `external`: to the program that the engine is part of. */
export type AuthenticationMethod = "password" | "totp" | "backup_code" | "login_link" | "oidc" | "external";

/** A sign-in that was checked: from it a session is opened. */
export interface SignIn {
  readonly userId: string;
  readonly authenticatedBy: readonly AuthenticationMethod[];
  /** The header of that name: the session is named after it. */
  readonly userAgent?: string | undefined;
  readonly ip?: string | undefined;
}

/** What a client gets when a session opens or its refresh token is used. */
export interface TokenPair {
  /** Shown with each request. */
  readonly accessToken: string;
  /** Good for one use: with it comes the next pair. */
  readonly refreshToken: string;
  /** ISO 8601. */
  readonly accessExpiresAt: string;
  /** ISO 8601: when the session ends, however often it is refreshed. */
  readonly refreshExpiresAt: string;
  readonly tokenType: "Bearer";
  readonly sessionId: string;
}

/** Who a request is from, once its access token was checked. */
export interface UserSession {
  readonly userId: string;
  readonly sessionId: string;
  /** The id of the token shown: `revokeToken` ends it alone. */
  readonly tokenId: string;
  readonly authenticatedBy: readonly AuthenticationMethod[];
  /** ISO 8601. */
  readonly authenticatedAt: string;
  /** ISO 8601: when a second factor was last shown; null if none was. */
  readonly mfaAt: string | null;
}

/** Why a session ended. `displaced`: by a newer one, as a user has ten. `reuse`: a refresh token was used twice. */
export type SessionEnd = "revoked" | "revoked_all" | "displaced" | "reuse" | "idle" | "expired";

/** A session as it is on record: nothing here opens anything. */
export interface SessionView {
  readonly id: string;
  /** "Firefox on Windows"; "Unknown device". */
  readonly device: string;
  /** From where it was last refreshed or opened; null if unknown. */
  readonly ip: string | null;
  readonly authenticatedBy: readonly AuthenticationMethod[];
  readonly startedAt: string;
  /** To about a minute. */
  readonly lastSeenAt: string;
  /** When it ends at the latest. */
  readonly expiresAt: string;
  /** Null while it is live. */
  readonly endedAt: string | null;
  readonly endReason: SessionEnd | null;
}

/** A session that is not used for so long has ended. */
export const IDLE_MS = 86_400_000;

/** How long a second factor counts as just shown. */
const MFA_FRESH_MS = 900_000;

/** Whether a second factor was shown within the last 15 minutes. */
export function isMfaFresh({ mfaAt }: Pick<UserSession, "mfaAt">, now: number): boolean {
  return mfaAt !== null && now - Date.parse(mfaAt) < MFA_FRESH_MS;
}

/** One answer for a token that is malformed, forged, expired or revoked: it tells nothing. */
export function invalidToken(): BillingError {
  return new BillingError("unauthenticated", "invalid_token", "this takes a valid token; sign in again");
}

/** An unknown session and another user's alike. */
export function sessionNotFound(): BillingError {
  return new BillingError("not_found", "session_not_found", "there is no such session");
}

export function userNotFound(): BillingError {
  return new BillingError("not_found", "user_not_found", "there is no such user");
}
