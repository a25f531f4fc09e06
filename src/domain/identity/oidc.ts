// What sign-in by OpenID Connect says and hears: the port to a provider, and how sign-ins are refused.

import { BillingError } from "../../kernel/index.ts";

/** What goes through the browser to the provider, and what must come back from there. */
export interface OidcHandshake {
  /** In the address the browser comes back to. */
  readonly state: string;
  /** In the ID token. */
  readonly nonce: string;
  /** Proves that who redeems the code is who asked for it (PKCE, S256). */
  readonly codeVerifier: string;
}

/** What a provider says of a person, its signature, issuer, audience, times and nonce checked. */
export interface OidcClaims {
  readonly sub: string;
  readonly [claim: string]: unknown;
}

/** One provider, as one client of it. Secrets and tokens stay behind this port. */
export interface OidcProvider {
  /**
   * Where to send the browser.
   *
   * @throws BillingError unavailable `oidc_provider_unavailable`; provider_failed `oidc_provider_failed`.
   */
  authorizationUrl(
    request: OidcHandshake & { readonly redirectUri: string; readonly loginHint?: string | undefined },
  ): Promise<string>;
  /**
   * Redeems the code of an answer.
   *
   * @param answer the address the browser came back to.
   * @throws BillingError unauthenticated `oidc_sign_in_refused`; and as {@link authorizationUrl}.
   */
  claims(answer: URL, handshake: OidcHandshake): Promise<OidcClaims>;
}

/** One answer for an unknown, used, expired and another browser's one alike. */
export function invalidHandshake(): BillingError {
  const text = "this sign-in has expired, was used, or was begun in another browser; begin again";
  return new BillingError("unauthenticated", "invalid_oidc_state", text);
}

/** @param reason a code, never what the provider sent. */
export function signInRefused(reason: string): BillingError {
  const text = "the provider's answer does not prove who you are; begin again";
  return new BillingError("unauthenticated", "oidc_sign_in_refused", text, { details: { reason } });
}

export function providerUnavailable(): BillingError {
  const text = "the sign-in provider cannot be reached; begin again in a while";
  return new BillingError("unavailable", "oidc_provider_unavailable", text);
}

/** @param reason a code, never what the provider sent. */
export function providerFailed(reason: string): BillingError {
  const text =
    "the sign-in provider and this installation do not agree: an operator must check the connection";
  return new BillingError("provider_failed", "oidc_provider_failed", text, {
    details: { reason },
    retryable: false,
  });
}

export function noConnection(): BillingError {
  const text = "no sign-in provider is set up for this address: sign in with a password";
  return new BillingError("not_found", "oidc_connection_not_found", text);
}

export function emailNotVerified(): BillingError {
  const text = "the sign-in provider has not verified your e-mail address: verify it there, then begin again";
  return new BillingError("forbidden", "oidc_email_not_verified", text);
}

export function otherDomain(): BillingError {
  const text = "your e-mail address is of a domain that may not sign in by this provider";
  return new BillingError("forbidden", "oidc_domain_not_allowed", text);
}

export function alreadyLinked(): BillingError {
  const text =
    "the user with your address signs in by another identity of this provider: an operator must give that user another address";
  return new BillingError("conflict", "oidc_identity_conflict", text);
}

export function tenantMissing(): BillingError {
  const text =
    "the organization of this sign-in provider does not exist: an operator must check the connection";
  return new BillingError("not_found", "organization_not_found", text);
}
