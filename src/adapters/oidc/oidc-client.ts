import {
  allowInsecureRequests,
  authorizationCodeGrant,
  buildAuthorizationUrl,
  ClientSecretBasic,
  type Configuration,
  calculatePKCECodeChallenge,
  discovery,
  enableNonRepudiationChecks,
  fetchUserInfo,
} from "openid-client";
import type { OidcClaims, OidcHandshake, OidcProvider } from "../../domain/identity/index.ts";
import { refusalOf } from "./refusal.ts";

/** A client as it is registered with a provider. */
export interface OidcClientOptions {
  readonly issuer: string;
  readonly clientId: string;
  readonly clientSecret: string;
  /** For development: an `http:` issuer. Whoever sets it has checked that this is on this machine. */
  readonly allowInsecure?: boolean | undefined;
  /** For each call. Default 10 000. */
  readonly timeoutMs?: number | undefined;
}

const TIMEOUT_MS = 10_000;
const SCOPE = "openid email profile";

/**
 * One OpenID Connect provider. What the provider says of itself is fetched at the first use and kept for the life of the
 * process; its keys are fetched again when it signs with a new one. Tokens are checked, read, and forgotten.
 *
 * @example
 * const provider = new OidcClient({ issuer: "https://login.acme.example", clientId: "billing", clientSecret });
 */
export class OidcClient implements OidcProvider {
  readonly #options: OidcClientOptions;
  #configuration: Promise<Configuration> | undefined;

  constructor(options: OidcClientOptions) {
    this.#options = options;
  }

  authorizationUrl({
    state,
    nonce,
    codeVerifier,
    redirectUri,
    loginHint,
  }: OidcHandshake & {
    readonly redirectUri: string;
    readonly loginHint?: string | undefined;
  }): Promise<string> {
    return this.#asking(async (configuration) => {
      const url = buildAuthorizationUrl(configuration, {
        ...{ redirect_uri: redirectUri, scope: SCOPE, state, nonce },
        code_challenge: await calculatePKCECodeChallenge(codeVerifier),
        code_challenge_method: "S256",
        ...(loginHint !== undefined && { login_hint: loginHint }),
      });
      return url.href;
    });
  }

  claims(answer: URL, { state, nonce, codeVerifier }: OidcHandshake): Promise<OidcClaims> {
    return this.#asking(async (configuration) => {
      const tokens = await authorizationCodeGrant(configuration, answer, {
        pkceCodeVerifier: codeVerifier,
        expectedState: state,
        expectedNonce: nonce,
        idTokenExpected: true,
      });
      const idToken = tokens.claims();
      if (idToken === undefined) throw new TypeError("the library gave no ID token");
      if (configuration.serverMetadata().userinfo_endpoint === undefined) return idToken;
      const userInfo = await fetchUserInfo(configuration, tokens.access_token, idToken.sub);
      // An address and whether it is verified are taken from one place: together they are one statement.
      const { email, email_verified } = idToken.email === undefined ? userInfo : idToken;
      return { ...userInfo, ...idToken, email, email_verified };
    });
  }

  /** In our words: errors of the library may hold tokens and what the provider sent. */
  async #asking<T>(work: (configuration: Configuration) => Promise<T>): Promise<T> {
    try {
      return await work(await this.#discovered());
    } catch (error) {
      throw refusalOf(error);
    }
  }

  #discovered(): Promise<Configuration> {
    this.#configuration ??= this.#discover().catch((error: unknown) => {
      this.#configuration = undefined;
      throw error;
    });
    return this.#configuration;
  }

  #discover(): Promise<Configuration> {
    const { issuer, clientId, clientSecret, allowInsecure = false, timeoutMs = TIMEOUT_MS } = this.#options;
    const isPlain = allowInsecure && new URL(issuer).protocol === "http:";
    return discovery(new URL(issuer), clientId, {}, ClientSecretBasic(clientSecret), {
      timeout: timeoutMs / 1_000,
      // Signatures are checked although the token comes from the provider itself over TLS.
      execute: [enableNonRepudiationChecks, ...(isPlain ? [allowInsecureRequests] : [])],
    });
  }
}
