export type {
  AccountMail,
  AccountMailer,
  LoginLink,
  Profile,
  RequestOrigin,
  SignInResult,
} from "./account.ts";
export { AccountService, type SignedIn } from "./account-service.ts";
export type { ApiKeyKind, ApiKeyView, IssuedKey, NewApiKey } from "./api-key.ts";
export { IdentityService } from "./identity-service.ts";
export type { MfaEnrolment } from "./mfa-code.ts";
export {
  type OidcClaims,
  type OidcHandshake,
  type OidcProvider,
  providerFailed,
  providerUnavailable,
  signInRefused,
} from "./oidc.ts";
export type { OidcConnection, OidcRole } from "./oidc-connection.ts";
export {
  type BegunOidcSignIn,
  OidcService,
  type OidcSettings,
  type OidcSignIn,
  oidcIdentities,
} from "./oidc-service.ts";
export { actorOf, type Principal, requireScope, tenantFor } from "./principal.ts";
export { scopesOf } from "./role-scopes.ts";
export { SCOPES, type Scope } from "./scope.ts";
export {
  type AuthenticationMethod,
  isMfaFresh,
  type SessionEnd,
  type SessionView,
  type SignIn,
  type TokenPair,
  type UserSession,
} from "./session.ts";
export { SessionService, type TokenLifetimes } from "./session-service.ts";
export { signingKeys, type TokenSecret } from "./signing-key.ts";
export { ownSecret } from "./signing-key-file.ts";
