// A server with every route on a real port, over services that are joined as billing.ts joins them.
import { randomBytes } from "node:crypto";
import type { AddressInfo } from "node:net";
import Value from "typebox/value";
import { expect, onTestFinished } from "vitest";
import { renderInvoicePdf } from "../../src/adapters/pdf/index.ts";
import { WebhookEndpoints } from "../../src/adapters/webhook/index.ts";
import { AnalyticsService } from "../../src/domain/analytics/index.ts";
import { AuditLog } from "../../src/domain/audit/index.ts";
import {
  BudgetService,
  budgetEngine,
  currentHold,
  HoldService,
  PlanBudgets,
} from "../../src/domain/budgets/index.ts";
import { CreditService, TopUpService } from "../../src/domain/credits/index.ts";
import { DiscountService, VolumeService } from "../../src/domain/discounts/index.ts";
import { IdentityService, type Scope } from "../../src/domain/identity/index.ts";
import { InvoiceService } from "../../src/domain/invoices/index.ts";
import { MeteringService } from "../../src/domain/metering/index.ts";
import { RegisteredEndpoints } from "../../src/domain/notifications/endpoint-channel.ts";
import { SAMPLES } from "../../src/domain/notifications/endpoint-sample.ts";
import { EndpointService } from "../../src/domain/notifications/endpoint-service.ts";
import { enqueueNotifications } from "../../src/domain/notifications/enqueue.ts";
import {
  BudgetAlertNotifications,
  InvoiceMails,
  NotificationService,
  newNotification,
  WEBHOOK_EVENTS,
} from "../../src/domain/notifications/index.ts";
import { WriteService } from "../../src/domain/operations/index.ts";
import { OrganizationService } from "../../src/domain/organizations/index.ts";
import { PricingService } from "../../src/domain/pricing/index.ts";
import { EntitlementService, SubscriptionService } from "../../src/domain/subscriptions/index.ts";
import type { KeyedRoute } from "../../src/http/route.ts";
import { alertRoutes } from "../../src/http/routes/alerts.ts";
import { apiKeyRoutes } from "../../src/http/routes/api-keys.ts";
import { auditLogRoutes } from "../../src/http/routes/audit-log.ts";
import { budgetRoutes } from "../../src/http/routes/budgets.ts";
import { creditRoutes } from "../../src/http/routes/credits.ts";
import { discountRoutes } from "../../src/http/routes/discounts.ts";
import { entitlementRoutes } from "../../src/http/routes/entitlements.ts";
import { holdRoutes } from "../../src/http/routes/holds.ts";
import { invitationRoutes } from "../../src/http/routes/invitations.ts";
import { invoiceRoutes } from "../../src/http/routes/invoices.ts";
import { memberRoutes } from "../../src/http/routes/members.ts";
import { notificationRoutes } from "../../src/http/routes/notifications.ts";
import { organizationRoutes } from "../../src/http/routes/organizations.ts";
import { planRoutes } from "../../src/http/routes/plans.ts";
import { subscriptionRoutes } from "../../src/http/routes/subscription.ts";
import { volumeRoutes } from "../../src/http/routes/volume.ts";
import { webhookEndpointRoutes } from "../../src/http/routes/webhook-endpoints.ts";
import { workspaceRoutes } from "../../src/http/routes/workspaces.ts";
import { buildServer } from "../../src/http/server.ts";
import { createIds, ManualClock } from "../../src/kernel/index.ts";
import { open, type Store } from "../../src/store/index.ts";

// What tests use of the engine comes from here, so that it is loaded after the lists above.
export const engine = { enqueueNotifications, newNotification, SAMPLES, WEBHOOK_EVENTS };

export const START = "2026-01-15T12:00:00.000Z";

function routesOf(context: never): KeyedRoute[] {
  const lists = [
    ...[budgetRoutes, holdRoutes, alertRoutes, planRoutes, organizationRoutes, memberRoutes],
    ...[invitationRoutes, workspaceRoutes, apiKeyRoutes, auditLogRoutes, webhookEndpointRoutes],
    ...[
      notificationRoutes,
      creditRoutes,
      discountRoutes,
      volumeRoutes,
      subscriptionRoutes,
      entitlementRoutes,
      invoiceRoutes,
    ],
  ] as ((context: never) => readonly KeyedRoute[])[];
  return lists.flatMap((routes) => [...routes(context)]);
}

/** The routes that are tested here, as data. */
export const ROUTES: readonly KeyedRoute[] = routesOf({ services: {} } as never);

export interface Answer {
  readonly status: number;
  readonly text: string;
  // biome-ignore lint/suspicious/noExplicitAny: whatever was answered
  readonly json: any;
  readonly headers: Headers;
}

export interface CallOptions {
  readonly body?: unknown;
  readonly tenant?: string | undefined;
  readonly once?: string | undefined;
}

export type Server = Awaited<ReturnType<typeof startServer>>;

/** A server on an empty database, with its first operator's key. */
export async function startServer(database: string, { strict = false }: { strict?: boolean } = {}) {
  const store = await open(database);
  const clock = new ManualClock(START);
  const ids = createIds(clock);
  const parts = { store, clock, ids, random: randomBytes };
  const pricing = new PricingService(store, clock);
  const budgets = budgetEngine({ store, clock, sink: new BudgetAlertNotifications({ clock, ids }) });
  const policy = { tenant: undefined, unknownModel: "fallback" } as const;
  const lines: string[] = [];
  const asked: string[] = [];
  const channel = new WebhookEndpoints({ allowInsecure: !strict, timeoutMs: 1_000 });
  const notifications = new NotificationService(parts, {
    channels: { endpoints: new RegisteredEndpoints(store, channel), log: (line) => lines.push(line) },
  });
  const subscriptions = new SubscriptionService({ ...parts, limits: new PlanBudgets(budgets) });
  const settle = (tenant: string) => subscriptions.settle(tenant);
  const holds = new HoldService({ ...parts, pricing, engine: budgets, settle }, policy);
  const metering = new MeteringService(
    { ...parts, pricing },
    {
      ...policy,
      participants: [budgets.participant, subscriptions.participant, InvoiceService.participant],
      currentHold,
    },
  );
  const endpoints = new EndpointService({ ...parts, check: (url) => channel.check(url) });
  const credits = new CreditService(parts, policy);
  const services = {
    ...{ clock, pricing, metering, endpoints },
    notifications,
    analytics: new AnalyticsService(store, undefined),
    audit: new AuditLog(store),
    organizations: new OrganizationService({ ...parts, holders: [endpoints], plans: subscriptions.keeper }),
    identity: new IdentityService(parts),
    budgets: new BudgetService({ ...parts, engine: budgets }, policy),
    ...{ holds, subscriptions },
    entitlements: new EntitlementService({
      ...{ store, clock, holds, settle },
      plan: (tenant, at, reader) => subscriptions.plan(tenant, at, reader),
    }),
    credits,
    invoices: new InvoiceService(
      {
        ...{ ...parts, pricing, credits, subscriptions, renderPdf: renderInvoicePdf },
        notices: new InvoiceMails({ clock, ids }),
      },
      policy,
    ),
    topUps: new TopUpService({ ...parts, askForPayment: async ({ id }) => asked.push(id) }, policy),
    discounts: new DiscountService({ ...parts, settle }, policy),
    volumeDiscounts: new VolumeService(parts, policy),
    writes: new WriteService(parts),
    verify: () => metering.verify(),
  };
  const app = await buildServer(services as never, {
    limits: { perKey: null, perTenant: null },
    log: { level: "debug", stream: { write: (line) => lines.push(line) } },
  });
  await app.listen({ port: 0, host: "127.0.0.1" });
  onTestFinished(async () => {
    await app.close();
    await notifications.close();
    await store.close();
  });
  const { port } = app.server.address() as AddressInfo;
  const first = await services.identity.ensureOperatorKey();
  const operator = first?.key ?? "";

  async function call(key: string, method: string, path: string, options: CallOptions = {}): Promise<Answer> {
    const { body, tenant, once } = options;
    const response = await fetch(`http://127.0.0.1:${port}${path}`, {
      method,
      headers: {
        authorization: `Bearer ${key}`,
        ...(body !== undefined && { "content-type": "application/json" }),
        ...(tenant !== undefined && { "aragora-tenant": tenant }),
        ...(once !== undefined && { "idempotency-key": once }),
      },
      ...(body !== undefined && { body: JSON.stringify(body) }),
    });
    const text = await response.text();
    const isJson = (response.headers.get("content-type") ?? "").includes("json");
    const json = isJson ? JSON.parse(text) : undefined;
    const answer = { status: response.status, text, json, headers: response.headers };
    expectDescribed(method, path, answer);
    return answer;
  }

  /** What must succeed, as JSON. */
  async function ok(key: string, method: string, path: string, options: CallOptions = {}) {
    const answer = await call(key, method, path, options);
    expect(answer.status, `${method} ${path}: ${answer.text}`).toBeLessThan(300);
    return answer.json ?? answer.text;
  }

  async function keyFor(tenant: string | undefined, scopes: readonly (Scope | "*")[]): Promise<string> {
    const kind = tenant === undefined ? "operator" : "tenant";
    const body = { name: "test", scopes, kind };
    return (await ok(operator, "POST", "/v1/api-keys", { body, tenant })).key;
  }

  /** An organization, and a key that may do all that a tenant's may. */
  async function organization(id: string): Promise<string> {
    const body = { id, name: `${id} Inc`, ownerId: `${id}-owner`, tier: "enterprise" };
    await ok(operator, "POST", "/v1/organizations", { body });
    return keyFor(id, ["*"]);
  }

  const url = `http://127.0.0.1:${port}`;
  return { services, store: store as Store, url, clock, lines, operator, call, ok, keyFor, organization };
}

/** A problem without what differs from request to request. */
export function problemOf({ status, text, json }: Answer): string {
  expect(json.requestId, text).toMatch(/^req_/);
  return `${status} ${text.replace(json.requestId, "req")}`;
}

/** The rows of every table, by table; what only answers again and says when a key was used is left out. */
export async function rowCounts(store: Store): Promise<Record<string, number>> {
  return store.read(async (reader) => {
    const tables = await reader.all<{ name: string }>(
      reader.dialect === "sqlite"
        ? "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'"
        : "SELECT tablename AS name FROM pg_tables WHERE schemaname = 'public'",
    );
    const names = tables.map(({ name }) => name).filter((name) => name !== "request_replies");
    const counted = names.map((name) => `SELECT '${name}' AS name, count(*) AS count FROM "${name}"`);
    const rows = await reader.all<{ name: string; count: bigint }>(counted.join(" UNION ALL "));
    return Object.fromEntries(rows.map(({ name, count }) => [name, Number(count)]));
  });
}

/** What is answered is what the description of the API says, and no field more. */
function expectDescribed(method: string, path: string, { status, text, json }: Answer): void {
  if (status >= 300) {
    expect(json, text).toMatchObject({ status, code: expect.any(String), detail: expect.any(String) });
    return;
  }
  if (json === undefined) return;
  const plain = path.split("?")[0] ?? "";
  const isMatch = (route: KeyedRoute) =>
    route.method === method && new RegExp(`^${route.path.replace(/:\w+/g, "[^/]+")}$`).test(plain);
  const route = ROUTES.filter(isMatch).sort((a, b) => a.path.split(":").length - b.path.split(":").length)[0];
  if (route === undefined) return;
  const errors = [...Value.Errors(route.reply, json)];
  expect(errors, `${method} ${path} answered ${text}`).toEqual([]);
  expect(status).toBe(route.status ?? 200);
}
