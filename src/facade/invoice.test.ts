import { describe, expect, it } from "vitest";
import { createBilling } from "../billing.ts";
import { ManualClock } from "../kernel/index.ts";
import { EnterpriseMeter } from "./enterprise-meter.ts";

describe("EnterpriseMeter.generateInvoice", () => {
  it("runs the specification's example: usage of a month with 10 % tax, to the cent", async () => {
    const billing = createBilling({
      ...{ database: "sqlite::memory:", clock: new ManualClock("2025-01-15T12:00:00Z") },
    });
    const meter = new EnterpriseMeter({}, billing);
    await meter.recordTokenUsage({
      ...{ provider: "anthropic", model: "claude-opus-4", tokensIn: 15_000, tokensOut: 3_000 },
      ...{ tenantId: "tenant_123", debateId: "debate_456", agentId: "agent_claude", cachedTokens: 2_000 },
    });
    const request = { tenantId: "tenant_123", period: "2025-01", taxRate: "0.1" };
    const invoice = await meter.generateInvoice(request);
    // $0.423 is 42 cents, once per line; 10 % of them 4.
    expect(`Invoice ${invoice.id}: $${invoice.total}`).toMatch(/^Invoice inv_\w+: \$0\.46$/);
    expect([invoice.subtotal, invoice.tax, invoice.discount].map(String)).toEqual(["0.42", "0.04", "0"]);
    expect(invoice).toMatchObject({ status: "draft", number: null, dueDate: null, isOverdue: false });
    expect(invoice.lineItems.map(({ description, amount }) => [description, String(amount)])).toEqual([
      ["anthropic claude-opus-4, 2025-01", "0.42"],
    ]);
    expect((await meter.generateInvoice(request)).id).toBe(invoice.id);
    await expect(meter.generateInvoice({ ...request, taxRate: "0.2" })).rejects.toThrow(/other terms/);
    await expect(meter.generateInvoice({ ...request, taxrate: 1 } as never)).rejects.toThrow(/taxrate/);
    await billing.close();
  });

  it("bills tokens also where the plan includes them, and shows the issued invoice once it is finalized", async () => {
    const clock = new ManualClock("2025-01-15T12:00:00Z");
    const billing = createBilling({ database: "sqlite::memory:", clock });
    const operator = { kind: "operator", id: "op" } as const;
    await billing.organizations.createOrganization(operator, { id: "acme", name: "Acme", ownerId: "ada" });
    const meter = new EnterpriseMeter({}, billing);
    await meter.recordTokenUsage({
      ...{ tenantId: "acme", provider: "openai", model: "gpt-4o", tokensIn: 1_000_000, tokensOut: 0 },
    });
    const draft = await meter.generateInvoice({ tenantId: "acme", period: "2025-01" });
    clock.set("2025-02-01T00:00:00Z");
    await billing.invoices.finalize({ tenant: "acme", invoiceId: draft.id });
    const issued = await meter.generateInvoice({ tenantId: "acme", period: "2025-01" });
    expect(issued).toMatchObject({ id: draft.id, number: "INV-000001", status: "finalized" });
    expect([issued.total, issued.amountDue].map(String)).toEqual(["2.5", "2.5"]);
    expect(issued.dueDate).toEqual(new Date("2025-03-03T23:59:59.999Z"));
    await billing.close();
  });
});
