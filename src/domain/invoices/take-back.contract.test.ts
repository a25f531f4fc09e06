// What is given back of what was billed, corrected usage and the rest of a plan: what was billed for it, as it was billed, and
// never more.

import { describe, expect, it } from "vitest";
import { ENGINES } from "../../../test/support/database.ts";
import type { Billing } from "../../billing.ts";
import { issued, items, startInvoices, tenant } from "./fixtures.ts";
import type { InvoiceTermsInput } from "./index.ts";

const DUAL = ENGINES.filter(({ name }) => name !== "sqlite memory");
const OPERATOR = { kind: "operator", id: "op" } as const;
describe.each(DUAL)("usage that was billed and is corrected on $name", ({ freshUrl }) => {
  const tokens = (id: string, timestamp = "2025-01-10T00:00:00Z") => ({
    ...{ tenant, id, provider: "openai", model: "gpt-4o", tokensIn: 4_000_000, tokensOut: 0, timestamp },
  });

  /** January with one call of $10.00, then February after that call was taken back. */
  async function takenBack(january: InvoiceTermsInput, february: InvoiceTermsInput, url: string) {
    const { billing, clock } = await startInvoices(url);
    await billing.discounts.createCode({ code: "ALL", discountPercent: "100" });
    await billing.discounts.createCode({ code: "HALF", discountPercent: "50" });
    await billing.metering.record(tokens("a"));
    const first = await issued(billing, january);
    await billing.metering.correct("a", null, "a test call", { tenant });
    clock.set("2025-03-01T00:00:00Z");
    const second = await issued(billing, february, "2025-02");
    expect((await billing.verify()).differences).toEqual([]);
    return { billing, first, second };
  }

  it.each([
    ["a whole discount", { discountCodes: ["ALL"], taxRate: "0.19" }, { taxRate: "0.19" }, 0, 0],
    ["half a discount", { discountCodes: ["HALF"], taxRate: "0.19" }, { taxRate: "0.19" }, 595, -595],
    ["another tax", { taxRate: "0.19" }, { reverseCharge: true }, 1_190, -1_190],
    ["no tax then", { taxRate: "0" }, { taxRate: "0.19" }, 1_000, -1_000],
    ["a code now", {}, { discountCodes: ["HALF"], items: items(3_000) }, 1_000, 1_000],
  ])("gives back what was billed: %s", async (_, january, february, billed, total) => {
    const { billing, first, second } = await takenBack(january, february, await freshUrl());
    expect([first.totalCents, second.totalCents]).toEqual([billed, total]);
    const { id: invoiceId } = second;
    const why = await billing.invoices.explain({ tenant, invoiceId, lineId: "L1" });
    expect(why.usage?.agrees).toBe(true);
    const kept = why.steps.some((step) => step.startsWith("not given back"));
    expect(kept).toBe(billed < 1_000);
  });

  it("gives nothing back that a credit note gave back, nor what was given up", async () => {
    const { billing, clock } = await startInvoices(await freshUrl());
    await billing.metering.record([tokens("a"), tokens("b")]);
    const { id: invoiceId } = await issued(billing, {});
    await billing.invoices.pay({ tenant, invoiceId, reference: "transfer" });
    const lines = [{ lineId: "L1", amountCents: 1_500 }];
    await billing.invoices.creditNote({ tenant, invoiceId, reference: "n", reason: "outage", lines });
    await billing.metering.correct("a", null, "a test call", { tenant });
    clock.set("2025-03-01T00:00:00Z");
    const february = await issued(billing, {}, "2025-02");
    expect(february.totalCents).toBe(-500);
    await billing.metering.correct("b", null, "another", { tenant });
    clock.set("2025-04-01T00:00:00Z");
    expect((await issued(billing, {}, "2025-03")).totalCents).toBe(0);
    expect((await billing.credits.balance(tenant)).balanceCents).toBe(2_000);

    clock.set("2025-05-01T00:00:00Z");
    await billing.metering.record(tokens("c", "2025-04-10T00:00:00Z"));
    const april = await issued(billing, { applyCredits: false }, "2025-04");
    await billing.invoices.markUncollectible({ tenant, invoiceId: april.id });
    await billing.metering.correct("c", null, "a third", { tenant });
    clock.set("2025-06-01T00:00:00Z");
    expect((await issued(billing, {}, "2025-05")).totalCents).toBe(0);
    expect((await billing.verify()).differences).toEqual([]);
  });

  it.each([
    ["enterprise", { alwaysMetered: true }, {}, 1_000, -1_000],
    ["enterprise", {}, { alwaysMetered: true }, 0, 0],
  ] as const)(
    "of %s goes the way its day has gone, %j then %j",
    async (tier, january, february, ...totals) => {
      const { billing, clock } = await startInvoices(await freshUrl());
      clock.set("2025-01-01T00:00:00Z");
      const ada = await billing.organizations.putUser(OPERATOR, { id: "ada", email: "ada@example.com" });
      const organization = { id: tenant, name: "Acme", ownerId: ada.id, tier };
      await billing.organizations.createOrganization(OPERATOR, organization);
      clock.set("2025-02-03T00:00:00Z");
      const usage = async (id: string) =>
        (await billing.invoices.get({ tenant, invoiceId: id })).content.lines
          .filter(({ group }) => group === "usage")
          .map(({ amount }) => amount);
      await billing.metering.record(tokens("a"));
      const first = await issued(billing, january);
      await billing.metering.correct("a", null, "a test call", { tenant });
      clock.set("2025-03-01T00:00:00Z");
      const second = await issued(billing, february, "2025-02");
      expect([await usage(first.id), await usage(second.id)]).toEqual(totals.map((cents) => [cents]));
    },
  );
});

describe.each(DUAL)("the rest of a plan that was billed and is paused on $name", ({ freshUrl }) => {
  /** $5,000.00 on 31 January for the month; 55 of its 56 half days are not used. */
  const REST = 491_071;

  async function paused(
    january: InvoiceTermsInput,
    between: (billing: Billing, invoiceId: string) => Promise<unknown> = async () => undefined,
  ) {
    const { billing, clock } = await startInvoices(await freshUrl());
    clock.set("2025-01-31T12:00:00Z");
    await billing.organizations.createOrganization(OPERATOR, { id: tenant, name: "Acme", ownerId: "ada" });
    await billing.discounts.createCode({ code: "ALL", discountPercent: "100" });
    await billing.discounts.createCode({ code: "HALF", discountPercent: "50" });
    await billing.volumeDiscounts.recordPurchase({ tenant, amountCents: 50_000_000, reference: "before" });
    const tier = "enterprise_plus";
    await billing.subscriptions.change(OPERATOR, tenant, { kind: "change_plan", tier });
    clock.set("2025-02-01T00:00:00Z");
    const { id } = await issued(billing, { volumeDiscount: false, ...january });
    await between(billing, id);
    await billing.subscriptions.change(OPERATOR, tenant, { kind: "pause" });
    clock.set("2025-03-01T00:00:00Z");
    const { totalCents } = await issued(billing, {}, "2025-02");
    expect((await billing.verify()).differences).toEqual([]);
    const { cumulativeSpendCents: bought } = await billing.volumeDiscounts.get(tenant);
    return { total: totalCents, bought: bought - 50_000_000 };
  }
  const invoice = (invoiceId: string) => ({ tenant, invoiceId });

  it.each([
    ["all of it, where it was billed whole", {}, -REST, 500_000 - REST],
    ["nothing of what a code paid", { discountCodes: ["ALL"] }, 0, 0],
    ["half of what a code paid half of", { discountCodes: ["HALF"] }, -245_536, 250_000 - 245_536],
    ["its tax too", { taxRate: "0.19" }, -584_374, 500_000 - REST],
    ["less the volume discount", { volumeDiscount: true }, -392_857, 400_000 - 392_857],
  ] as const)("gives back %s, and lowers what was bought", async (_, january, total, bought) => {
    expect(await paused(january)).toEqual({ total, bought });
  });

  it("gives nothing back that a credit note gave back, nor what was given up", async () => {
    const noted = await paused({}, async (billing, id) => {
      await billing.invoices.pay({ ...invoice(id), reference: "transfer" });
      await billing.invoices.creditNote({ ...invoice(id), reference: "n", reason: "goodwill" });
    });
    expect(noted.total).toBe(0);
    const givenUp = await paused({}, (billing, id) => billing.invoices.markUncollectible(invoice(id)));
    expect(givenUp.total).toBe(0);
  });

  it("stands beside its charge where that is billed on the same invoice, as after a void", async () => {
    const voided = (billing: Billing, id: string) =>
      billing.invoices.void({ ...invoice(id), reason: "wrong address" });
    expect((await paused({}, voided)).total).toBe(Math.round((500_000 - REST) * 0.8));
  });
});
