// Sign-in by OpenID Connect over a database and a provider, joined as billing.ts joins them.
import { randomBytes } from "node:crypto";
import { oidcProvider } from "../../src/adapters/oidc/index.ts";
import {
  type OidcConnection,
  OidcService,
  type OidcSignIn,
  oidcIdentities,
} from "../../src/domain/identity/index.ts";
import { OrganizationService } from "../../src/domain/organizations/index.ts";
import type { SubscriptionTier } from "../../src/domain/plans/index.ts";
import { createIds } from "../../src/kernel/index.ts";
import { fresh, OPERATOR, startServices } from "../identity/services.ts";
import { moreSessions, type SessionServices, sessionsOver } from "../identity/sessions-world.ts";
import { browse, type Claims, REDIRECT_URI, type TestProvider } from "./provider.ts";

export interface Begun {
  readonly url: string;
  readonly browserSecret: string;
}

export interface OidcWorld extends SessionServices {
  readonly oidc: OidcService;
  /** The connection's, with one owner. */
  readonly tenant: string;
  readonly owner: string;
  /** A whole sign-in. */
  signIn(login: string, claims?: Claims): Promise<OidcSignIn>;
  /** A sign-in up to what the browser brings back. */
  comeBack(login: string, claims?: Claims): Promise<Begun & { readonly callbackUrl: string }>;
  /** Of the member; undefined for who is none. */
  roleOf(userId: string): Promise<string | undefined>;
  /** Actions on record about somebody or something, the first first. */
  actions(target: string): Promise<string[]>;
}

export interface WorldOptions {
  readonly connection?: Partial<OidcConnection>;
  readonly tier?: SubscriptionTier;
  readonly timeoutMs?: number;
  /** Takes what closes it; by default it ends with the test. */
  readonly atEnd?: (close: () => Promise<void>) => void;
}

export const DOMAIN = "acme.example";

/** What the provider says of somebody whom nothing is wrong with. */
export function person(name: string, more: Claims = {}): Claims {
  return { email: `${name}@${DOMAIN}`, email_verified: true, name: `The ${name}`, ...more };
}

export async function startOidc(
  url: string,
  provider: TestProvider,
  options: WorldOptions = {},
): Promise<OidcWorld> {
  const services = sessionsOver(await startServices(url, undefined, options.atEnd), {});
  const owner = fresh("owner");
  const organization = { name: fresh("acme"), ownerId: owner, tier: options.tier ?? "enterprise_plus" };
  const { id: tenant } = await services.organizations.createOrganization(OPERATOR, organization);
  return worldOver(services, provider, { tenant, owner }, options);
}

/** Another process on the same database. */
export async function moreOidc(
  url: string,
  provider: TestProvider,
  { tenant, owner }: OidcWorld,
): Promise<OidcWorld> {
  return worldOver(await moreSessions(url), provider, { tenant, owner }, {});
}

function worldOver(
  services: SessionServices,
  provider: TestProvider,
  { tenant, owner }: { tenant: string; owner: string },
  { connection, timeoutMs }: WorldOptions,
): OidcWorld {
  const { store, clock, sessions, audit } = services;
  const parts = { store, clock, ids: createIds(clock), random: randomBytes };
  const organizations = new OrganizationService({ ...parts, holders: [sessions, oidcIdentities] });
  const oidc = new OidcService(
    {
      ...{ ...parts, organizations, sessions },
      provider: (its) => oidcProvider({ ...its, allowInsecure: true, timeoutMs }),
    },
    {
      connections: [
        {
          ...{
            issuer: provider.issuer,
            ...provider.client,
            domains: [DOMAIN],
            tenant,
            defaultRole: "member",
          },
          ...connection,
        },
      ],
      redirectUri: REDIRECT_URI,
      allowInsecureLoopback: true,
    },
  );
  const comeBack: OidcWorld["comeBack"] = async (login, claims = person(login)) => {
    provider.people.set(login, claims);
    const begun = await oidc.begin({ email: `${login}@${DOMAIN}` });
    return { ...begun, callbackUrl: await browse(begun.url, login) };
  };
  return {
    ...services,
    ...{ organizations, oidc, tenant, owner, comeBack },
    signIn: async (login, claims) => oidc.complete(await comeBack(login, claims)),
    roleOf: async (userId) => {
      const { items } = await organizations.members(OPERATOR, tenant);
      return items.find((member) => member.userId === userId)?.role;
    },
    actions: async (target) => {
      const { items } = await audit.listAcrossTenants();
      return items
        .filter((entry) => entry.target === target)
        .map(({ action }) => action)
        .reverse();
    },
  };
}
