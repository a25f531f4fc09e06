// A tenant that has one of everything.
import type { Server } from "./server.ts";

/** The ids of a tenant's things. */
export interface Made {
  readonly tenant: string;
  readonly budget: string;
  readonly hold: string;
  readonly alert: string;
  readonly member: string;
  readonly invitation: string;
  readonly workspace: string;
  readonly apiKey: string;
  readonly endpoint: string;
  /** Given up, as its endpoint answers nobody. */
  readonly delivery: string;
  readonly notification: string;
  /** Of credit: a lot with an end, of which a deduction took a part. */
  readonly lot: string;
  readonly deduction: string;
  /** Of the installation, for this tenant alone, and a reservation of it. */
  readonly code: string;
  readonly redemption: string;
  /** Issued, with one line, and not paid. */
  readonly invoice: string;
  readonly draft: string;
  /** Of another invoice. */
  readonly creditNote: string;
}

/** What it takes to make a tenant's things: `Server` is one. */
export interface Maker {
  readonly operator: string;
  readonly ok: Server["ok"];
  readonly services: Pick<Server["services"], "notifications">;
  readonly store: Server["store"];
  readonly clock: { now(): number; advance(ms: number): void };
}

export interface World {
  readonly ids: Made;
  readonly key: string;
}

/** Makes a tenant and one of everything in it, each by its route. */
export async function makeWorld(server: Server, tenant: string): Promise<World> {
  const key = await server.organization(tenant);
  return { key, ids: await makeThings(server, tenant, key) };
}

/** One more of everything. */
export async function makeThings(
  { operator, ok, services, store, clock }: Maker,
  tenant: string,
  key: string,
): Promise<Made> {
  const post = (path: string, body: unknown) => ok(key, "POST", path, { body });
  const stamp = `${tenant}-${Math.trunc(clock.now())}`;
  clock.advance(1);
  const endpoint = await post("/v1/webhook-endpoints", {
    url: `https://hooks.${tenant}.example/in`,
    events: ["credit.expiring"],
  });
  const budget = await post("/v1/budgets", {
    name: `${tenant} budget`,
    limit: "1",
    scope: { workspace: stamp },
  });
  await post("/v1/spends", { amountUsd: "0.60", dimensions: { workspace: stamp } });
  const hold = await post("/v1/holds", { estimatedCostUsd: "0.10", dimensions: { workspace: stamp } });
  const alerts = await ok(key, "GET", `/v1/budgets/${budget.id}/alerts`);
  const userId = `${stamp}-member`;
  await ok(operator, "POST", "/v1/members", { body: { userId, role: "member" }, tenant });
  const invitation = await post("/v1/invitations", { email: `${stamp}@${tenant}.example`, role: "viewer" });
  const workspace = await post("/v1/workspaces", { name: `${tenant} workspace` });
  const apiKey = await post("/v1/api-keys", { name: `${tenant} key`, scopes: ["usage:read"] });
  const delivery = await post(`/v1/webhook-endpoints/${endpoint.id}/test`, {});
  const { id: notification } = await services.notifications.notify({
    kind: "credit_expiring",
    tenant,
    recipient: { webhook: "https://10.0.0.1/private" },
    payload: { amount: "$1.00", expiresAt: "2026-03-01T00:00:00Z", orgName: tenant },
  });
  await giveUp(store, [delivery.id]);
  const credit = { amountCents: 10_000, type: "promotional", expiresInDays: 20 };
  const lot = await ok(operator, "POST", "/v1/credits/issue", { body: credit, tenant });
  const deduction = await post("/v1/credits/deduct", { amountCents: 400 });
  const code = `for-${stamp}`.toUpperCase();
  const terms = { code, discountPercent: "12.5", maxUsesPerOrganization: "unlimited" };
  const body = { ...terms, eligibleOrganizations: [tenant] };
  await ok(operator, "POST", "/v1/discount-codes", { body });
  const redemption = await post("/v1/discount-codes/reserve", {
    ...{ code, purchaseAmountCents: 1_000, ttlMs: 604_800_000 },
  });
  const invoices = await makeInvoices({ operator, ok }, tenant);
  return {
    ...{ tenant, notification, member: userId },
    budget: budget.id,
    hold: hold.id,
    alert: alerts.items[0].id,
    invitation: invitation.id,
    workspace: workspace.id,
    apiKey: apiKey.id,
    endpoint: endpoint.id,
    delivery: delivery.id,
    ...{ lot: lot.id, deduction: deduction.transactionId, code, redemption: redemption.id },
    ...invoices,
  };
}

let month = Date.UTC(2025, 9);

/** Each of a month that is over, and each time of months before those: no draft stands in the way of an issue. */
async function makeInvoices({ operator, ok }: Pick<Maker, "operator" | "ok">, tenant: string) {
  const terms = { items: [{ description: "Onboarding", amountCents: 5_000 }], applyCredits: false };
  const make = async () => {
    const body = { ...terms, period: monthBefore() };
    return ok(operator, "POST", "/v1/invoices", { body, tenant });
  };
  const draft = await make();
  const [invoice, credited] = [await make(), await make()];
  for (const { id } of [credited, invoice])
    await ok(operator, "POST", `/v1/invoices/${id}/finalize`, { tenant });
  const note = { reason: "goodwill", reference: "ref_1", lines: [{ lineId: "L1", amountCents: 100 }] };
  const path = `/v1/invoices/${credited.id}/credit-notes`;
  const creditNote = await ok(operator, "POST", path, { body: note, tenant });
  return { invoice: invoice.id, draft: draft.id, creditNote: creditNote.id };
}

/** A month that no other has had, before all others. */
export function monthBefore(): string {
  const at = new Date(month);
  month = Date.UTC(at.getUTCFullYear(), at.getUTCMonth() - 1);
  return new Date(month).toISOString().slice(0, 7);
}

/** As after 72 hours of tries. */
async function giveUp(store: Server["store"], ids: readonly string[]): Promise<void> {
  await store.transaction(async (tx) => {
    for (const id of ids) {
      await tx.run("UPDATE notifications SET state = 'dead' WHERE id = ?", [id]);
      await tx.run("DELETE FROM outbox WHERE payload = ?", [JSON.stringify(id)]);
    }
  });
}
