// Every route that is tested here: who may use it, and a request of it that succeeds.

import type { Scope } from "../../src/domain/identity/index.ts";
import type { Made, Maker, World } from "./world.ts";

interface Asked {
  readonly path: string;
  readonly body?: unknown;
}

export interface Row {
  /** As a route names itself. */
  readonly name: string;
  /** `tenant`: tenants' keys and operators that name a tenant; `either`: operators that name none too. */
  readonly access: "tenant" | "either" | "operator";
  readonly scope: Scope;
  /** A request that succeeds, about things of a tenant that nothing else uses. */
  readonly ask: (made: Made, server: Maker) => Asked | Promise<Asked>;
  /** An operator must name the tenant although the route takes none's key. */
  readonly needsTenant?: true;
  /** What of the world the path names; absent: nothing of a tenant's. */
  readonly about?: keyof World["ids"];
}

const UNTIL = "2999-01-01T00:00:00Z";
const PROFILE = {
  legalName: "Acme GmbH",
  address: "Weg 1\n10115 Berlin",
  country: "DE",
  email: "billing@acme.example",
  currency: "EUR",
};

let count = 0;
const unique = (prefix: string) => {
  count += 1;
  return `${prefix}-${count}`;
};

function row(
  name: string,
  access: Row["access"],
  scope: Scope,
  ask: Row["ask"],
  more: Pick<Row, "needsTenant" | "about"> = {},
): Row {
  return { name, access, scope, ask, ...more };
}

export const MATRIX: readonly Row[] = [
  row("GET /v1/budgets", "tenant", "budgets:read", () => ({ path: "/v1/budgets" })),
  row("POST /v1/budgets", "tenant", "budgets:write", () => ({
    path: "/v1/budgets",
    body: { name: unique("budget"), limit: "5", scope: { workspace: unique("ws") } },
  })),
  row("POST /v1/budgets/check", "tenant", "budgets:read", () => ({
    path: "/v1/budgets/check",
    body: { estimatedCostUsd: "0.5" },
  })),
  row("GET /v1/budgets/:id", "tenant", "budgets:read", ({ budget }) => ({ path: `/v1/budgets/${budget}` }), {
    about: "budget",
  }),
  row(
    "PATCH /v1/budgets/:id",
    "tenant",
    "budgets:write",
    ({ budget }) => ({ path: `/v1/budgets/${budget}`, body: { limit: "7.5", reason: "more" } }),
    { about: "budget" },
  ),
  row(
    "GET /v1/budgets/:id/status",
    "tenant",
    "budgets:read",
    ({ budget }) => ({ path: `/v1/budgets/${budget}/status` }),
    { about: "budget" },
  ),
  ...["suspend", "resume", "close", "reset"].map((deed) =>
    row(
      `POST /v1/budgets/:id/${deed}`,
      "tenant",
      "budgets:write",
      ({ budget }) => ({ path: `/v1/budgets/${budget}/${deed}`, body: { reason: "why" } }),
      { about: "budget" },
    ),
  ),
  row(
    "POST /v1/budgets/:id/override",
    "tenant",
    "budgets:write",
    ({ budget }) => ({
      path: `/v1/budgets/${budget}/override`,
      body: { user: "u_1", until: UNTIL, limit: "9" },
    }),
    { about: "budget" },
  ),
  ...["transactions", "alerts"].map((list) =>
    row(
      `GET /v1/budgets/:id/${list}`,
      "tenant",
      "budgets:read",
      ({ budget }) => ({ path: `/v1/budgets/${budget}/${list}` }),
      { about: "budget" },
    ),
  ),
  row(
    "GET /v1/budgets/:id/trends",
    "tenant",
    "budgets:read",
    ({ budget }) => ({ path: `/v1/budgets/${budget}/trends?by=day&from=2026-01-01&to=2026-02-01` }),
    { about: "budget" },
  ),
  row("POST /v1/holds", "tenant", "holds:write", () => ({
    path: "/v1/holds",
    body: { estimatedCostUsd: "0.25" },
  })),
  row("GET /v1/holds/:id", "tenant", "holds:write", ({ hold }) => ({ path: `/v1/holds/${hold}` }), {
    about: "hold",
  }),
  row(
    "POST /v1/holds/:id/capture",
    "tenant",
    "holds:write",
    ({ hold }) => ({ path: `/v1/holds/${hold}/capture`, body: { costUsd: "0.1" } }),
    { about: "hold" },
  ),
  row(
    "POST /v1/holds/:id/release",
    "tenant",
    "holds:write",
    ({ hold }) => ({ path: `/v1/holds/${hold}/release` }),
    { about: "hold" },
  ),
  row("POST /v1/spends", "tenant", "holds:write", () => ({
    path: "/v1/spends",
    body: { amountUsd: "0.01" },
  })),
  row("GET /v1/alerts", "tenant", "budgets:read", () => ({ path: "/v1/alerts" })),
  row(
    "POST /v1/alerts/:id/acknowledge",
    "tenant",
    "budgets:write",
    ({ alert }) => ({ path: `/v1/alerts/${alert}/acknowledge` }),
    { about: "alert" },
  ),
  row("GET /v1/plans", "either", "organizations:read", () => ({ path: "/v1/plans" })),
  row("GET /v1/organizations", "operator", "organizations:read", () => ({ path: "/v1/organizations" })),
  row("POST /v1/organizations", "operator", "organizations:write", () => ({
    path: "/v1/organizations",
    body: { name: "New", ownerId: unique("owner") },
  })),
  row(
    "GET /v1/organizations/:id",
    "either",
    "organizations:read",
    ({ tenant }) => ({ path: `/v1/organizations/${tenant}` }),
    { about: "tenant" },
  ),
  row(
    "PATCH /v1/organizations/:id",
    "either",
    "organizations:write",
    ({ tenant }) => ({ path: `/v1/organizations/${tenant}`, body: { name: "Other" } }),
    { about: "tenant" },
  ),
  row(
    "PUT /v1/organizations/:id/tier",
    "operator",
    "organizations:write",
    ({ tenant }) => ({ path: `/v1/organizations/${tenant}/tier`, body: { tier: "enterprise_plus" } }),
    { about: "tenant" },
  ),
  ...["suspend", "resume", "export"].map((step) =>
    row(
      `POST /v1/organizations/:id/${step}`,
      "operator",
      "organizations:write",
      ({ tenant }) => ({ path: `/v1/organizations/${tenant}/${step}` }),
      { about: "tenant" },
    ),
  ),
  row(
    "POST /v1/organizations/:id/erase",
    "operator",
    "organizations:write",
    ({ tenant }) => ({ path: `/v1/organizations/${tenant}/erase`, body: { confirm: tenant } }),
    { about: "tenant" },
  ),
  row(
    "GET /v1/organizations/:id/billing-profile",
    "operator",
    "organizations:read",
    ({ tenant }) => ({ path: `/v1/organizations/${tenant}/billing-profile` }),
    { about: "tenant" },
  ),
  row(
    "PUT /v1/organizations/:id/billing-profile",
    "operator",
    "organizations:write",
    ({ tenant }) => ({ path: `/v1/organizations/${tenant}/billing-profile`, body: PROFILE }),
    { about: "tenant" },
  ),
  row("GET /v1/seller-profile", "either", "organizations:read", () => ({ path: "/v1/seller-profile" })),
  row("PUT /v1/seller-profile", "operator", "organizations:write", () => ({
    path: "/v1/seller-profile",
    body: PROFILE,
  })),
  row("GET /v1/members", "tenant", "organizations:read", () => ({ path: "/v1/members" })),
  row(
    "POST /v1/members",
    "operator",
    "organizations:write",
    () => ({ path: "/v1/members", body: { userId: unique("user"), role: "member" } }),
    { needsTenant: true },
  ),
  row(
    "PATCH /v1/members/:id",
    "operator",
    "organizations:write",
    ({ member }) => ({ path: `/v1/members/${member}`, body: { role: "admin" } }),
    { needsTenant: true, about: "member" },
  ),
  row(
    "DELETE /v1/members/:id",
    "tenant",
    "organizations:write",
    ({ member }) => ({ path: `/v1/members/${member}` }),
    { about: "member" },
  ),
  row("GET /v1/users/:id", "operator", "organizations:read", ({ member }) => ({
    path: `/v1/users/${member}`,
  })),
  row("PUT /v1/users/:id", "operator", "organizations:write", () => ({
    path: `/v1/users/${unique("user")}`,
    body: { name: "Ann", email: `${unique("ann")}@acme.example` },
  })),
  row("GET /v1/invitations", "tenant", "organizations:write", () => ({ path: "/v1/invitations" })),
  row("POST /v1/invitations", "tenant", "organizations:write", () => ({
    path: "/v1/invitations",
    body: { email: `${unique("new")}@acme.example`, role: "viewer" },
  })),
  row(
    "POST /v1/invitations/:id/revoke",
    "tenant",
    "organizations:write",
    ({ invitation }) => ({ path: `/v1/invitations/${invitation}/revoke` }),
    { about: "invitation" },
  ),
  row(
    "POST /v1/invitations/accept",
    "operator",
    "organizations:write",
    async ({ tenant }, { ok, operator }) => {
      const [userId, email] = [unique("user"), `${unique("invited")}@acme.example`];
      await ok(operator, "PUT", `/v1/users/${userId}`, { body: { email } });
      const body = { email, role: "member" };
      const { token } = await ok(operator, "POST", "/v1/invitations", { body, tenant });
      return { path: "/v1/invitations/accept", body: { token, userId } };
    },
  ),
  row("GET /v1/workspaces", "tenant", "organizations:read", () => ({ path: "/v1/workspaces" })),
  row("POST /v1/workspaces", "tenant", "organizations:write", () => ({
    path: "/v1/workspaces",
    body: { name: "Research" },
  })),
  row(
    "PATCH /v1/workspaces/:id",
    "tenant",
    "organizations:write",
    ({ workspace }) => ({ path: `/v1/workspaces/${workspace}`, body: { name: "Renamed" } }),
    { about: "workspace" },
  ),
  row(
    "POST /v1/workspaces/:id/archive",
    "tenant",
    "organizations:write",
    ({ workspace }) => ({ path: `/v1/workspaces/${workspace}/archive` }),
    { about: "workspace" },
  ),
  row("GET /v1/api-keys", "either", "keys:write", () => ({ path: "/v1/api-keys" })),
  row(
    "POST /v1/api-keys",
    "either",
    "keys:write",
    () => ({ path: "/v1/api-keys", body: { name: "one more", scopes: ["keys:write"] } }),
    { needsTenant: true },
  ),
  row(
    "POST /v1/api-keys/:id/revoke",
    "either",
    "keys:write",
    ({ apiKey }) => ({ path: `/v1/api-keys/${apiKey}/revoke` }),
    { about: "apiKey" },
  ),
  row("GET /v1/audit-log", "either", "audit:read", () => ({ path: "/v1/audit-log" })),
  row("GET /v1/webhook-endpoints", "tenant", "webhooks:write", () => ({ path: "/v1/webhook-endpoints" })),
  row("POST /v1/webhook-endpoints", "tenant", "webhooks:write", () => ({
    path: "/v1/webhook-endpoints",
    body: { url: "https://hooks.acme.example/in", events: ["budget.alert"] },
  })),
  row(
    "GET /v1/webhook-endpoints/:id",
    "tenant",
    "webhooks:write",
    ({ endpoint }) => ({ path: `/v1/webhook-endpoints/${endpoint}` }),
    { about: "endpoint" },
  ),
  row(
    "PATCH /v1/webhook-endpoints/:id",
    "tenant",
    "webhooks:write",
    ({ endpoint }) => ({ path: `/v1/webhook-endpoints/${endpoint}`, body: { description: "in" } }),
    { about: "endpoint" },
  ),
  row(
    "DELETE /v1/webhook-endpoints/:id",
    "tenant",
    "webhooks:write",
    ({ endpoint }) => ({ path: `/v1/webhook-endpoints/${endpoint}` }),
    { about: "endpoint" },
  ),
  ...["rotate-secret", "test"].map((step) =>
    row(
      `POST /v1/webhook-endpoints/:id/${step}`,
      "tenant",
      "webhooks:write",
      ({ endpoint }) => ({ path: `/v1/webhook-endpoints/${endpoint}/${step}` }),
      { about: "endpoint" },
    ),
  ),
  row(
    "GET /v1/webhook-endpoints/:id/deliveries",
    "tenant",
    "webhooks:write",
    ({ endpoint }) => ({ path: `/v1/webhook-endpoints/${endpoint}/deliveries` }),
    { about: "endpoint" },
  ),
  row(
    "POST /v1/webhook-endpoints/:id/deliveries/:deliveryId/replay",
    "tenant",
    "webhooks:write",
    ({ endpoint, delivery }) => ({ path: `/v1/webhook-endpoints/${endpoint}/deliveries/${delivery}/replay` }),
    { about: "delivery" },
  ),
  row("GET /v1/notifications", "either", "organizations:read", () => ({ path: "/v1/notifications" })),
  row(
    "POST /v1/notifications/:id/retry",
    "operator",
    "organizations:write",
    ({ notification }) => ({ path: `/v1/notifications/${notification}/retry` }),
    { about: "notification" },
  ),
];
