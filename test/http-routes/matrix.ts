// Every route that is tested here: who may use it, and a request of it that succeeds.

import type { Scope } from "../../src/domain/identity/index.ts";
import { type Made, type Maker, monthBefore, type World } from "./world.ts";

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
  /** What it changes depends on what was there: it is sent once to each tenant only. */
  readonly isOfFirst?: true;
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
  more: Pick<Row, "needsTenant" | "about" | "isOfFirst"> = {},
): Row {
  return { name, access, scope, ask, ...more };
}

/** A change of a subscription, after the steps that make it possible; what is so already is fine. */
function subscriptionRow(step: string, before: readonly string[], body?: object): Row {
  return row(
    `POST /v1/subscription/${step}`,
    "operator",
    "organizations:write",
    async ({ tenant }, { ok, operator }) => {
      for (const one of before) {
        const isFree = one === "free";
        const path = isFree ? `/v1/organizations/${tenant}/tier` : `/v1/subscription/${one}`;
        const options = { body: isFree ? { tier: "free" } : {}, tenant };
        await ok(operator, isFree ? "PUT" : "POST", path, options).catch(() => undefined);
      }
      return { path: `/v1/subscription/${step}`, ...(body !== undefined && { body }) };
    },
    { needsTenant: true, isOfFirst: true },
  );
}

function newInvoice(path: string): Asked {
  const items = [{ description: "Onboarding", quantity: "2", amountCents: 5_000 }];
  const terms = { taxRates: { item: "0.19" }, discountCodes: [], notes: ["Thank you"], dueInDays: 14 };
  const more = { paymentInstructions: "Pay", reverseCharge: false, applyCredits: true };
  return { path, body: { period: monthBefore(), items, ...terms, ...more } };
}

function invoiceRow(step: string, body?: object): Row {
  return row(
    `POST /v1/invoices/:id/${step}`,
    "operator",
    "invoices:write",
    ({ invoice }) => ({ path: `/v1/invoices/${invoice}/${step}`, ...(body !== undefined && { body }) }),
    { needsTenant: true, about: "invoice" },
  );
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
  row("GET /v1/credits", "tenant", "budgets:read", () => ({ path: "/v1/credits" })),
  row("GET /v1/credits/transactions", "tenant", "budgets:read", () => ({
    path: "/v1/credits/transactions",
  })),
  row(
    "POST /v1/credits/issue",
    "operator",
    "budgets:write",
    () => ({
      path: "/v1/credits/issue",
      body: { amountCents: 5_000, type: "purchase", description: "card", expiresAt: UNTIL },
    }),
    { needsTenant: true },
  ),
  row("POST /v1/credits/deduct", "tenant", "budgets:write", () => ({
    path: "/v1/credits/deduct",
    body: { amountCents: 25, description: "inv", allowPartial: false },
  })),
  row(
    "POST /v1/credits/adjust",
    "operator",
    "budgets:write",
    () => ({ path: "/v1/credits/adjust", body: { amountCents: -5, description: "mistake" } }),
    { needsTenant: true, isOfFirst: true },
  ),
  row(
    "POST /v1/credits/void",
    "operator",
    "budgets:write",
    ({ lot }) => ({ path: "/v1/credits/void", body: { lotId: lot, description: "refunded" } }),
    { needsTenant: true, about: "lot" },
  ),
  row(
    "POST /v1/credits/reverse",
    "operator",
    "budgets:write",
    ({ deduction }) => ({
      path: "/v1/credits/reverse",
      body: { transactionId: deduction, amountCents: 100 },
    }),
    { needsTenant: true, about: "deduction" },
  ),
  row("GET /v1/credits/top-up", "tenant", "budgets:read", () => ({ path: "/v1/credits/top-up" })),
  row(
    "PUT /v1/credits/top-up",
    "tenant",
    "budgets:write",
    () => ({ path: "/v1/credits/top-up", body: { thresholdCents: 500, amountCents: 2_000 } }),
    { isOfFirst: true },
  ),
  row("DELETE /v1/credits/top-up", "tenant", "budgets:write", () => ({ path: "/v1/credits/top-up" }), {
    isOfFirst: true,
  }),
  row("GET /v1/discount-codes", "operator", "budgets:read", () => ({ path: "/v1/discount-codes" })),
  row("POST /v1/discount-codes", "operator", "budgets:write", () => ({
    path: "/v1/discount-codes",
    body: { code: unique("code"), discountPercent: "50", maxUses: 3, expiresAt: UNTIL },
  })),
  row("GET /v1/discount-codes/:code", "operator", "budgets:read", ({ code }) => ({
    path: `/v1/discount-codes/${code}`,
  })),
  row("POST /v1/discount-codes/:code/disable", "operator", "budgets:write", async (_, { ok, operator }) => {
    const body = { code: unique("ends"), discountAmountCents: 500 };
    const { code } = await ok(operator, "POST", "/v1/discount-codes", { body });
    return { path: `/v1/discount-codes/${code}/disable` };
  }),
  row("POST /v1/discount-codes/validate", "tenant", "budgets:read", ({ code }) => ({
    path: "/v1/discount-codes/validate",
    body: { code, purchaseAmountCents: 29_900 },
  })),
  ...["apply", "reserve"].map((step) =>
    row(`POST /v1/discount-codes/${step}`, "tenant", "budgets:write", ({ code }) => ({
      path: `/v1/discount-codes/${step}`,
      body: { code, purchaseAmountCents: 29_900, userId: "u_1" },
    })),
  ),
  ...["confirm", "release"].map((step) =>
    row(
      `POST /v1/discount-codes/${step}`,
      "tenant",
      "budgets:write",
      ({ redemption }) => ({
        path: `/v1/discount-codes/${step}`,
        body: { redemptionId: redemption },
      }),
      { about: "redemption" },
    ),
  ),
  row("GET /v1/volume-discount", "tenant", "budgets:read", () => ({ path: "/v1/volume-discount" })),
  row(
    "POST /v1/volume-discount/spend",
    "operator",
    "budgets:write",
    () => ({ path: "/v1/volume-discount/spend", body: { amountCents: 1_000_000 } }),
    { needsTenant: true },
  ),
  row("GET /v1/invoices", "tenant", "invoices:read", () => ({ path: "/v1/invoices" })),
  row("POST /v1/invoices", "operator", "invoices:write", () => newInvoice("/v1/invoices"), {
    needsTenant: true,
  }),
  row("POST /v1/invoices/preview", "operator", "invoices:write", () => newInvoice("/v1/invoices/preview"), {
    needsTenant: true,
  }),
  row("POST /v1/invoices/run", "operator", "invoices:write", () => ({
    path: "/v1/invoices/run",
    body: { period: "1970-01", taxRate: "0.19" },
  })),
  ...["", ".pdf", ".html", ".csv", "/credit-notes", "/lines/:line/explain"].map((part) =>
    row(
      `GET /v1/invoices/:id${part}`,
      "tenant",
      "invoices:read",
      ({ invoice }) => ({ path: `/v1/invoices/${invoice}${part.replace(":line", "L1")}` }),
      { about: "invoice" },
    ),
  ),
  row(
    "PUT /v1/invoices/:id/terms",
    "operator",
    "invoices:write",
    ({ draft }) => ({ path: `/v1/invoices/${draft}/terms`, body: { taxRate: "0.07", dueInDays: 14 } }),
    { needsTenant: true, about: "draft" },
  ),
  row(
    "DELETE /v1/invoices/:id",
    "operator",
    "invoices:write",
    ({ draft }) => ({ path: `/v1/invoices/${draft}` }),
    { needsTenant: true, about: "draft" },
  ),
  row(
    "POST /v1/invoices/:id/finalize",
    "operator",
    "invoices:write",
    ({ draft }) => ({ path: `/v1/invoices/${draft}/finalize` }),
    { needsTenant: true, about: "draft" },
  ),
  invoiceRow("void", { reason: "wrong address" }),
  invoiceRow("pay", { amountCents: 2_000, reference: "transfer 1", method: "bank transfer" }),
  invoiceRow("uncollectible"),
  invoiceRow("credit-notes", {
    ...{ reason: "too much", reference: "ref_2", refundTo: "credits" },
    lines: [{ lineId: "L1", amountCents: 50 }],
  }),
  ...["", ".pdf", ".html", ".csv"].map((part) =>
    row(
      `GET /v1/credit-notes/:id${part}`,
      "tenant",
      "invoices:read",
      ({ creditNote }) => ({ path: `/v1/credit-notes/${creditNote}${part}` }),
      { about: "creditNote" },
    ),
  ),
  row("POST /v1/entitlements/check", "tenant", "budgets:read", () => ({
    path: "/v1/entitlements/check",
    body: { feature: "ssoEnabled" },
  })),
  row(
    "POST /v1/debates",
    "tenant",
    "holds:write",
    () => ({
      path: "/v1/debates",
      body: { debate: unique("debate"), dimensions: { user: "u_1" } },
    }),
    { isOfFirst: true },
  ),
  row("GET /v1/subscription", "tenant", "organizations:read", () => ({ path: "/v1/subscription" })),
  row(
    "GET /v1/subscription/lines",
    "operator",
    "organizations:read",
    () => ({ path: "/v1/subscription/lines" }),
    { needsTenant: true },
  ),
  row(
    "POST /v1/subscription/preview",
    "operator",
    "organizations:write",
    () => ({
      path: "/v1/subscription/preview",
      body: { kind: "change_plan", tier: "professional", when: "period_end" },
    }),
    { needsTenant: true },
  ),
  subscriptionRow("change", [], { tier: "enterprise_plus" }),
  subscriptionRow("trial", ["free"], { tier: "starter" }),
  subscriptionRow("convert-trial", ["free", "trial"], { tier: "enterprise" }),
  subscriptionRow("extend-trial", ["free", "trial"]),
  subscriptionRow("cancel", [], { when: "period_end" }),
  subscriptionRow("resume", ["cancel"]),
  subscriptionRow("pause", []),
  subscriptionRow("unpause", ["pause"]),
  subscriptionRow("mark-past-due", []),
  subscriptionRow("mark-paid", ["mark-past-due"]),
];
