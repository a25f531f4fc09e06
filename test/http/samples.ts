// One good request per keyed route of the OpenAPI file. Tests that walk the file take them from here, so a route that is
// missing fails them: add it with what it needs.

import { ROUTES } from "../http-routes/server.ts";
import { USER_ROUTES } from "../http-users/routes.ts";
import type { TestServer } from "../support/http-server.ts";

/** `METHOD /path` as in the OpenAPI file. */
export type RouteName = string;

export interface Sample {
  readonly path: string;
  readonly body?: unknown;
}

export interface RouteSamples {
  /** A request that succeeds; another `n` is another request. Ids are those of the caller's own tenant. */
  readonly good: (n: string) => Sample;
  /** The same with ids that are replaced by `id`: for routes with ids in their path. */
  readonly withId?: (id: string) => Sample;
  /** Of writes: what there is more of after one effect; absent where nothing changes. */
  readonly effects?: (server: TestServer, tenant: string) => Promise<number>;
  /** What must be there before `good(n)`. */
  readonly prepare?: (server: TestServer, tenant: string, n: string) => Promise<void>;
}

const EVENT = { provider: "openai", model: "gpt-4o-mini", tokensIn: 7, tokensOut: 3 };

const countEvents = async ({ engine }: TestServer, tenant: string) =>
  (await engine.analytics.usage({ tenant })).total.events;

export const SAMPLES: Readonly<Record<RouteName, RouteSamples>> = {
  "POST /v1/events": {
    good: (n) => ({ path: "/v1/events", body: { ...EVENT, user: n } }),
    effects: countEvents,
  },
  "GET /v1/events": { good: () => ({ path: "/v1/events?limit=3" }) },
  "GET /v1/usage/events": { good: () => ({ path: "/v1/usage/events?limit=3" }) },
  "GET /v1/usage/summary": { good: () => ({ path: "/v1/usage/summary?from=2025-01-01" }) },
  "GET /v1/usage/breakdown": { good: () => ({ path: "/v1/usage/breakdown?by=user,day" }) },
  "GET /v1/usage/across-tenants": { good: () => ({ path: "/v1/usage/across-tenants?by=tenant" }) },
  "GET /v1/usage/export": { good: () => ({ path: "/v1/usage/export" }) },
  "POST /v1/events/{id}/corrections": {
    good: (n) => ({
      path: `/v1/events/${n}/corrections`,
      body: { values: { tokensOut: 5 }, reason: "the provider's log" },
    }),
    withId: (id) => ({
      path: `/v1/events/${encodeURIComponent(id)}/corrections`,
      body: { values: null, reason: "never happened" },
    }),
    prepare: async ({ engine }, tenant, n) =>
      void (await engine.metering.record({ ...EVENT, id: n, tenant })),
    effects: async ({ engine }, tenant) => (await engine.metering.adjustments({ tenant })).length,
  },
  "POST /v1/rerates": {
    good: (n) => ({
      path: "/v1/rerates",
      body: { from: "2025-01-01", to: "2025-02-01", model: n, reason: "contract" },
    }),
    effects: async ({ engine }) =>
      Number(
        (
          await engine.store.read((reader) =>
            reader.get<{ n: bigint }>("SELECT count(*) AS n FROM usage_adjustments WHERE kind = 'rerating'"),
          )
        )?.n,
      ),
  },
  "GET /v1/prices": { good: () => ({ path: "/v1/prices?limit=2" }) },
  "POST /v1/prices": {
    good: (n) => ({
      path: "/v1/prices",
      body: { prices: [{ provider: "own", model: n, input: "1", output: "2.5" }] },
    }),
    effects: async ({ engine }) => (await engine.pricing.list()).length,
  },
  "GET /v1/price-rules": { good: () => ({ path: "/v1/price-rules" }) },
  "POST /v1/price-rules": {
    good: (n) => ({
      path: "/v1/price-rules",
      body: { rules: [{ provider: "own", model: n, percent: "20" }] },
    }),
    effects: async ({ engine }) => (await engine.pricing.rules()).length,
  },
  "POST /v1/users/{id}/login-link": {
    good: (n) => ({ path: `/v1/users/${n}/login-link` }),
    prepare: async ({ engine }, _, n) =>
      void (await engine.organizations.putUser({ kind: "operator", id: "test" }, { id: n })),
    effects: async ({ engine }) =>
      (await engine.audit.list({ tenant: "", action: "account.login_link_created", limit: 500 })).items
        .length,
  },
  "POST /v1/verify": { good: () => ({ path: "/v1/verify", body: {} }) },
  "GET /metrics": { good: () => ({ path: "/metrics" }) },
};

export interface Operation {
  readonly name: RouteName;
  readonly method: string;
  readonly access: "public" | "tenant" | "either" | "operator" | "user";
  /** Of an operator's route: users with the role for it may call it too. */
  readonly isForUsers: boolean;
  readonly scopes: readonly string[];
  readonly isIdempotent: boolean;
  // biome-ignore lint/suspicious/noExplicitAny: the document as it is.
  readonly document: any;
}

/** Every operation of a server's OpenAPI file. */
export async function operationsOf(url: string): Promise<Operation[]> {
  // biome-ignore lint/suspicious/noExplicitAny: the document as it is.
  const document = (await (await fetch(`${url}/openapi.json`)).json()) as any;
  return Object.entries(document.paths).flatMap(([path, methods]) =>
    // biome-ignore lint/suspicious/noExplicitAny: the document as it is.
    Object.entries(methods as Record<string, any>).map(([method, operation]) => ({
      name: `${method.toUpperCase()} ${path}`,
      method: method.toUpperCase(),
      access: operation["x-access"],
      isForUsers: operation["x-users"] === true,
      scopes: operation["x-scopes"] ?? [],
      isIdempotent: operation["x-idempotent"] === true,
      document: operation,
    })),
  );
}

const WALKED_ELSEWHERE = new Set([
  ...ROUTES.map(({ method, path }) => `${method} ${path.replace(/:(\w+)/g, "{$1}")}`),
  ...USER_ROUTES,
]);

/** Those that are walked here; the others are in test/http-routes and test/http-users. A route that neither names fails here. */
export async function ownOperationsOf(url: string): Promise<Operation[]> {
  return (await operationsOf(url)).filter(({ name }) => !WALKED_ELSEWHERE.has(name));
}

/** The samples of an operation. */
export function samplesOf(name: RouteName): RouteSamples {
  const found = SAMPLES[name];
  if (found === undefined) throw new Error(`test/http/samples.ts has no request for ${name}`);
  return found;
}
