import { BillingError } from "../../kernel/index.ts";
import type { Tx } from "../../store/index.ts";
import type { UserOrganization } from "../organizations/index.ts";
import type { SignIn, TokenPair } from "./session.ts";

/** Where a request is from: the session is named after it, and tries are counted by it. */
export type RequestOrigin = Pick<SignIn, "userAgent" | "ip">;

/** What a right first factor gives. */
export type SignInResult =
  | { readonly status: "signed_in"; readonly tokens: TokenPair }
  | {
      readonly status: "mfa_required";
      /** For `completeMfa`: 5 minutes, one use. */
      readonly mfaToken: string;
    };

/** A person as they see themselves. */
export interface Profile {
  readonly id: string;
  readonly email: string | null;
  readonly name: string | null;
  readonly hasPassword: boolean;
  readonly isMfaEnabled: boolean;
  readonly backupCodesLeft: number;
  readonly organizations: readonly UserOrganization[];
}

/** A mail about somebody's account. */
export interface AccountMail {
  readonly kind: "verify_email" | "account_exists" | "password_reset" | "password_changed";
  readonly to: string;
  /** Of a kind that has one: what the reader sends back, within the time. */
  readonly token?: string;
  /** Epoch ms. */
  readonly expiresAt?: number;
}

/** Sends mails about accounts; `billing.ts` joins it with notifications. */
export interface AccountMailer {
  /** Writes it so that it is sent exactly if the transaction commits. */
  write(mail: AccountMail, at: number, tx: Tx): Promise<void>;
}

/** A link that signs in whoever has it. */
export interface LoginLink {
  readonly userId: string;
  /** Shown this once: 15 minutes, one use. */
  readonly token: string;
  /** ISO 8601. */
  readonly expiresAt: string;
}

/** One answer for an unknown address and a wrong password. */
export function invalidCredentials(): BillingError {
  return new BillingError("unauthenticated", "invalid_credentials", "the address or the password is wrong");
}

/** For a wrong, used and expired one alike. */
export function invalidOneTimeToken(): BillingError {
  const text = "this link or token is not valid any more; ask for a new one";
  return new BillingError("unauthenticated", "invalid_one_time_token", text);
}

export function invalidCode(): BillingError {
  return new BillingError("unauthenticated", "invalid_mfa_code", "this code is wrong or was used already");
}

/** @param until epoch ms. */
export function tooManyTries(until: number, now: number): BillingError {
  const retryAfterSeconds = Math.max(1, Math.ceil((until - now) / 1_000));
  const text = `too many tries; wait ${retryAfterSeconds} s`;
  return new BillingError("rate_limited", "too_many_tries", text, { details: { retryAfterSeconds } });
}
