import { type Clock, HOUR_MS, type Ids, invalidInput, isoInstant } from "../../kernel/index.ts";
import type { Store, Tx } from "../../store/index.ts";
import { appendAudit } from "../audit/index.ts";
import {
  type Actor,
  emailOf,
  lockOrganization,
  type OrganizationService,
  organizationOf,
  organizationsOfUserAcrossTenants,
  type PersonalDataHolder,
  requireOpen,
  type SecureRandom,
  userWithEmailAcrossTenants,
} from "../organizations/index.ts";
import type { RequestOrigin } from "./account.ts";
import {
  alreadyLinked,
  invalidHandshake,
  noConnection,
  type OidcClaims,
  type OidcProvider,
  signInRefused,
  tenantMissing,
} from "./oidc.ts";
import {
  checkedAddress,
  checkedConnections,
  checkedReturnTo,
  domainOf,
  isSubject,
  nameOf,
  type OidcConnection,
  roleFor,
  verifiedEmail,
} from "./oidc-connection.ts";
import { handshakeOf, isAnswerTo, newHandshake } from "./oidc-handshake.ts";
import {
  hasExpiredHandshakesAcrossTenants,
  linkIdentityAcrossTenants,
  putHandshakeAcrossTenants,
  removeErasedIdentitiesAcrossTenants,
  removeExpiredHandshakesAcrossTenants,
  takeHandshakeAcrossTenants,
  userOfIdentityAcrossTenants,
  wasEverMember,
} from "./oidc-store.ts";
import type { TokenPair } from "./session.ts";
import type { SessionService } from "./session-service.ts";

/** Which providers there are. */
export interface OidcSettings {
  readonly connections: readonly OidcConnection[];
  /** Where providers send browsers back to; registered with each of them to the letter. */
  readonly redirectUri: string;
  /** For development: issuers and `redirectUri` may be `http:` on this machine. */
  readonly allowInsecureLoopback?: boolean | undefined;
}

/** A sign-in that was begun. */
export interface BegunOidcSignIn {
  /** Where to send the browser. */
  readonly url: string;
  /** For the browser alone, as a cookie that no script reads and that comes back with navigation from elsewhere. */
  readonly browserSecret: string;
  /** ISO 8601. */
  readonly expiresAt: string;
}

/** Who has signed in. */
export interface OidcSignIn {
  readonly userId: string;
  /** The address that the provider vouches for. */
  readonly email: string;
  readonly tokens: TokenPair;
  /** The path to go on at. */
  readonly returnTo: string;
}

interface Connected {
  readonly connection: OidcConnection;
  readonly provider: OidcProvider;
}

/** Takes out who people were at providers, when they are erased with a tenant. */
export const oidcIdentities: PersonalDataHolder = {
  eraseTenant: (_tenant, _at, tx) => removeErasedIdentitiesAcrossTenants(tx),
};

const LIFE_MS = 600_000;
const MAX_CALLBACK = 8_192;
const REMOVED_AT_ONCE = 1_000;
const SYSTEM: Actor = { kind: "system", id: "oidc" };

/**
 * Sign-in by OpenID Connect: authorization code with PKCE, state and nonce. Off unless connections are configured.
 *
 * A person is who the provider says (issuer and subject); that is linked to a user once, by a verified address of one of
 * the connection's domains. The first sign-in makes the user, where nobody has that address, and a member of the
 * connection's tenant; who was removed from it is not brought back. A second factor is the provider's to ask for.
 */
export class OidcService {
  readonly #store: Store;
  readonly #clock: Clock;
  readonly #ids: Ids;
  readonly #random: SecureRandom;
  readonly #organizations: OrganizationService;
  readonly #sessions: SessionService;
  readonly #connected: readonly Connected[];
  readonly #redirectUri: URL | undefined;

  /**
   * @param parts `random` must be cryptographically secure; `provider` is called once per connection.
   * @param settings absent: off.
   * @throws BillingError invalid_input `invalid_configuration` naming the setting, never its value.
   */
  constructor(
    parts: {
      readonly store: Store;
      readonly clock: Clock;
      readonly ids: Ids;
      readonly random: SecureRandom;
      readonly organizations: OrganizationService;
      readonly sessions: SessionService;
      readonly provider: (connection: OidcConnection) => OidcProvider;
    },
    settings?: OidcSettings,
  ) {
    this.#store = parts.store;
    this.#clock = parts.clock;
    this.#ids = parts.ids;
    this.#random = parts.random;
    this.#organizations = parts.organizations;
    this.#sessions = parts.sessions;
    const isLocal = settings?.allowInsecureLoopback === true;
    this.#redirectUri = settings && checkedAddress(settings.redirectUri, "oidc.redirectUri", isLocal);
    this.#connected = checkedConnections(settings?.connections ?? [], isLocal).map((connection) => ({
      connection,
      provider: parts.provider(connection),
    }));
  }

  /**
   * Begins a sign-in: 10 minutes, one use, by the browser that has the secret.
   *
   * @param input `email` chooses the connection by its domain; it may be absent where there is one connection.
   * `returnTo` is the path to go on at, `/` by default.
   * @throws BillingError not_found `oidc_connection_not_found`; invalid_input `email_required`, `invalid_email`,
   * `invalid_return_to`; unavailable `oidc_provider_unavailable`; provider_failed `oidc_provider_failed`.
   * @example
   * const { url, browserSecret } = await billing.oidc.begin({ email: "ada@acme.example", returnTo: "/usage" });
   */
  async begin(
    input: { readonly email?: string | undefined; readonly returnTo?: string | undefined } = {},
  ): Promise<BegunOidcSignIn> {
    const returnTo = checkedReturnTo(input.returnTo);
    const email = input.email === undefined ? undefined : emailOf(input.email, "email");
    const { connection, provider } = this.#connectedFor(email);
    if (this.#redirectUri === undefined) throw noConnection();
    const { browserSecret, id, ...sent } = newHandshake(this.#random);
    const redirectUri = this.#redirectUri.href;
    const url = await provider.authorizationUrl({ ...sent, redirectUri, loginHint: email });
    const expiresAt = this.#clock.now() + LIFE_MS;
    const domain = connection.domains[0] as string;
    await this.#store.transaction((tx) => putHandshakeAcrossTenants({ id, domain, returnTo, expiresAt }, tx));
    return { url, browserSecret, expiresAt: isoInstant(expiresAt) };
  }

  /**
   * Completes a sign-in: checks the answer with the provider, then links the user, applies the role and opens a session
   * in one transaction. Once: of several at once one succeeds. When it fails after the state was used, begin again.
   *
   * @param answer `callbackUrl` is what the browser asked for, of which only the query counts.
   * @throws BillingError unauthenticated `invalid_oidc_state`, `oidc_sign_in_refused`; forbidden
   * `oidc_email_not_verified`, `oidc_domain_not_allowed`; conflict `oidc_identity_conflict`; limit_exceeded
   * `seat_limit_reached`, `organization_limit_reached`; failed_precondition `organization_erased`; not_found
   * `organization_not_found`; unavailable `oidc_provider_unavailable`; provider_failed `oidc_provider_failed`.
   */
  async complete(
    { callbackUrl, browserSecret }: { readonly callbackUrl: string; readonly browserSecret: string },
    origin: RequestOrigin = {},
  ): Promise<OidcSignIn> {
    const answer = this.#answerOf(callbackUrl);
    const handshake = handshakeOf(browserSecret);
    // Another browser's answer is refused before the state is used: it stays good for its own.
    if (answer === undefined || handshake === undefined || !isAnswerTo(handshake, answer)) {
      throw invalidHandshake();
    }
    const now = this.#clock.now();
    const begun = await this.#store.transaction((tx) => takeHandshakeAcrossTenants(handshake.id, now, tx));
    const connected = begun && this.#connectedBy(begun.domain);
    if (begun === undefined || connected === undefined) throw invalidHandshake();
    const { connection, provider } = connected;
    const claims = await provider.claims(answer, handshake);
    if (!isSubject(claims.sub)) throw signInRefused("invalid_subject");
    const email = verifiedEmail(connection, claims);
    const { userId, tokens } = await this.#store.atomically(() =>
      this.#store.transaction((tx) => this.#enter({ connection, claims, email, origin }, tx)),
    );
    return { userId, email, tokens, returnTo: begun.returnTo };
  }

  /** Removes sign-ins that were begun and never completed. */
  cleanup() {
    return {
      name: "oidc-cleanup",
      every: HOUR_MS,
      hasWork: (now: number) => this.#store.read((reader) => hasExpiredHandshakesAcrossTenants(now, reader)),
      runDue: async (now: number) => {
        let done = 0;
        for (;;) {
          const removed = await this.#store.transaction((tx) =>
            removeExpiredHandshakesAcrossTenants(now, REMOVED_AT_ONCE, tx),
          );
          done += removed;
          if (removed < REMOVED_AT_ONCE) return done;
        }
      },
    };
  }

  async #enter(
    {
      connection,
      claims,
      email,
      origin,
    }: { connection: OidcConnection; claims: OidcClaims; email: string; origin: RequestOrigin },
    tx: Tx,
  ): Promise<{ userId: string; tokens: TokenPair }> {
    const { issuer, tenant } = connection;
    // The organization before its people, as everywhere; and two first sign-ins of one person come one after the other.
    await lockOrganization(tenant, tx);
    const organization = await organizationOf(tenant, tx);
    if (organization === undefined) throw tenantMissing();
    requireOpen(organization, SYSTEM);
    const identity = { issuer, subject: claims.sub };
    const linked = await userOfIdentityAcrossTenants(identity, tx);
    const userId = linked ?? (await this.#userFor(email, claims.name, tx));
    if (linked === undefined) {
      const at = this.#clock.now();
      if (!(await linkIdentityAcrossTenants(identity, { userId, at }, tx))) throw alreadyLinked();
      await this.#record("account.oidc_linked", userId, { tenant }, tx);
    }
    await this.#applyRole(connection, claims, userId, tx);
    await this.#record("account.signed_in", userId, { by: "oidc", tenant }, tx);
    const tokens = await this.#sessions.open({ ...origin, userId, authenticatedBy: ["oidc"] }, tx);
    return { userId, tokens };
  }

  async #userFor(email: string, name: unknown, tx: Tx): Promise<string> {
    const known = await userWithEmailAcrossTenants(email, tx);
    if (known !== undefined) return known.id;
    const input = { id: this.#ids.next("user"), email, name: nameOf(name) };
    return (await this.#organizations.putUser(SYSTEM, input)).id;
  }

  async #applyRole(connection: OidcConnection, claims: OidcClaims, userId: string, tx: Tx): Promise<void> {
    const { tenant, roleMapping } = connection;
    const role = roleFor(connection, claims);
    const present = (await organizationsOfUserAcrossTenants(userId, tx)).find(
      ({ organization }) => organization.id === tenant,
    );
    if (present === undefined) {
      // Whom an admin has removed a sign-in must not bring back.
      if (await wasEverMember(tenant, userId, tx)) return;
      await this.#organizations.addMember(SYSTEM, tenant, userId, role);
    } else if (roleMapping !== undefined && present.role !== "owner" && present.role !== role) {
      await this.#organizations.updateRole(SYSTEM, tenant, userId, role);
    }
  }

  #record(action: string, userId: string, details: Readonly<Record<string, unknown>>, tx: Tx): Promise<void> {
    const entry = { id: this.#ids.next("aud"), at: this.#clock.now(), tenant: "", action, target: userId };
    return appendAudit(tx, [{ ...entry, details, actor: { kind: "user", id: userId } }]);
  }

  #connectedFor(email: string | undefined): Connected {
    const [first, second] = this.#connected;
    if (email === undefined && second !== undefined) {
      throw invalidInput("email", "email_required", "email must say whose sign-in provider it is");
    }
    const connected = email === undefined ? first : this.#connectedBy(domainOf(email));
    if (connected === undefined) throw noConnection();
    return connected;
  }

  #connectedBy(domain: string): Connected | undefined {
    return this.#connected.find(({ connection }) => connection.domains.includes(domain));
  }

  /** The query on our own address: what host a request claims to be for is nobody's proof. */
  #answerOf(callbackUrl: unknown): URL | undefined {
    const own = this.#redirectUri?.href;
    if (own === undefined || typeof callbackUrl !== "string" || callbackUrl.length > MAX_CALLBACK)
      return undefined;
    if (!URL.canParse(callbackUrl, own)) return undefined;
    const answer = new URL(own);
    answer.search = new URL(callbackUrl, own).search;
    return answer;
  }
}
