import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { ENGINES } from "../../../test/support/database.ts";
import { type Billing, createBilling } from "../../billing.ts";
import { BillingError, ManualClock } from "../../kernel/index.ts";
import { type InvoiceView, layoutOf } from "./index.ts";

async function codeOf(work: Promise<unknown>): Promise<string> {
  const error = await work.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  if (error instanceof BillingError) return error.code;
  throw new Error(`expected a BillingError, got ${String(error)}`);
}

const GPT = { provider: "openai", model: "gpt-4o-mini" } as const;

describe.each(ENGINES)("invoices on $name", ({ freshUrl }) => {
  let billing: Billing;
  let clock: ManualClock;
  let tenants = 0;

  beforeAll(async () => {
    clock = new ManualClock("2025-02-03T10:00:00Z");
    billing = createBilling({ database: await freshUrl(), clock });
    await billing.ready();
  });

  afterAll(() => billing.close());

  afterEach(async () => {
    expect((await billing.verify()).differences).toEqual([]);
    clock.set("2025-02-03T10:00:00Z");
  });

  function tenantName(): string {
    tenants += 1;
    return `tenant ${String(tenants).padStart(3, "0")}`;
  }

  /** So many input tokens of gpt-4o-mini ($0.15 per million). */
  async function use(tenant: string, id: string, timestamp: string, tokensIn = 1_000_000) {
    const { status } = await billing.metering.record({
      tenant,
      id,
      timestamp,
      ...GPT,
      tokensIn,
      tokensOut: 0,
    });
    expect(status).toBe("accepted");
  }

  async function issued(tenant: string, period = "2025-01", terms = {}): Promise<InvoiceView> {
    const { id } = await billing.invoices.create({ tenant, period, ...terms });
    return billing.invoices.finalize({ tenant, invoiceId: id });
  }

  it("bill a million tokens in a thousand calls as 15 cents, to the last millisecond of the month", async () => {
    const tenant = tenantName();
    for (let batch = 0; batch < 10; batch += 1) {
      await billing.metering.record(
        Array.from({ length: 100 }, (_, index) => ({
          ...{ tenant, id: `e${batch}-${index}`, ...GPT, tokensIn: 1_000, tokensOut: 0 },
          timestamp: batch === 9 && index === 99 ? "2025-01-31T23:59:59.999Z" : "2025-01-10T00:00:00Z",
        })),
      );
    }
    await use(tenant, "february", "2025-02-01T00:00:00Z");
    const invoice = await issued(tenant, "2025-01", { taxRate: "0.1" });
    expect(invoice).toMatchObject({ status: "finalized", totalCents: 17, amountDueCents: 17 });
    expect(invoice.content).toMatchObject({ subtotal: 15, taxTotal: 2, total: 17 });
    expect(invoice.content.lines).toHaveLength(1);
    expect(invoice.content.lines[0]).toMatchObject({
      ...{ description: "openai gpt-4o-mini, 2025-01", quantity: "1000000", unit: "input tokens" },
      ...{ unitPrice: "0.00000015", amount: 15, tax: 2, taxPercent: "10" },
    });
  });

  it("preview what they will issue, and issue it once", async () => {
    const tenant = tenantName();
    await use(tenant, "a", "2025-01-05T00:00:00Z", 40_000_000);
    await billing.credits.issue({ tenant, amountCents: 250, type: "promotional" });
    await billing.discounts.createCode({ code: `TEN-${tenant.slice(-3)}`, discountPercent: "10" });
    await billing.discounts.createCode({ code: `OFF-${tenant.slice(-3)}`, discountAmountCents: 40 });
    const discountCodes = [`ten-${tenant.slice(-3)}`, `OFF-${tenant.slice(-3)}`];
    const items = [{ description: "Onboarding", amountCents: 10_000 }];
    const terms = { taxRate: "0.2", items, discountCodes };
    const preview = await billing.invoices.preview({ tenant, period: "2025-01", ...terms });
    const [one, two] = await Promise.all([
      issued(tenant, "2025-01", terms),
      issued(tenant, "2025-01", terms),
    ]);
    expect(one).toEqual(two);
    expect(one.content).toEqual(preview.content);
    // 600 + 10,000; 10 % off is 1,060, then 40: 9,500; 20 % tax is 1,900.
    expect(one.content.discounts.map(({ amount }) => amount)).toEqual([-1_060, -40]);
    expect(one.content).toMatchObject({
      subtotal: 10_600,
      taxTotal: 1_900,
      total: 11_400,
      creditsApplied: 250,
    });
    expect(one.amountDueCents).toBe(11_150);
    expect(await billing.invoices.create({ tenant, period: "2025-01", ...terms })).toEqual(one);
    const otherRate = billing.invoices.create({ tenant, period: "2025-01", ...terms, taxRate: "0.19" });
    expect(await codeOf(otherRate)).toBe("invoice_exists");
    expect((await billing.credits.balance(tenant)).balanceCents).toBe(0);
    const document = await billing.invoices.document({ tenant, invoiceId: one.id });
    expect(document).toMatchObject({
      ...{
        number: one.number,
        issuedOn: "2025-02-03",
        dueOn: "2025-03-05",
        subtotal: "106.00",
        total: "114.00",
      },
      ...{ period: { from: "2025-01-01", to: "2025-01-31" }, amountDue: "111.50", buyer: { name: tenant } },
      credits: [{ description: "Prepaid credit", amount: "-2.50" }],
    });
    // It is refused where it does not add up.
    expect(layoutOf(document)).toBeDefined();
  });

  it("bring late usage on the next invoice, under its old month, and bill nothing twice", async () => {
    const tenant = tenantName();
    await use(tenant, "a", "2025-01-05T00:00:00Z", 10_000_000);
    const january = await issued(tenant);
    await use(tenant, "late", "2025-01-31T23:59:59.999Z", 20_000_000);
    await use(tenant, "b", "2025-02-02T00:00:00Z", 30_000_000);
    clock.set("2025-03-01T00:00:00Z");
    const february = await issued(tenant, "2025-02");
    expect(january.content.lines.map(({ description, amount }) => [description, amount])).toEqual([
      ["openai gpt-4o-mini, 2025-01", 150],
    ]);
    expect(february.content.lines.map(({ description, amount }) => [description, amount])).toEqual([
      ["openai gpt-4o-mini, 2025-01", 300],
      ["openai gpt-4o-mini, 2025-02", 450],
    ]);
    const behind = async (invoice: InvoiceView, lineId: string) => {
      const { usage, events } = await billing.invoices.explain({ tenant, invoiceId: invoice.id, lineId });
      return [usage?.agrees, events.map(({ id }) => id)];
    };
    expect(await behind(january, "L1")).toEqual([true, ["a"]]);
    expect(await behind(february, "L1")).toEqual([true, ["late"]]);
    expect(await behind(february, "L2")).toEqual([true, ["b"]]);
  });

  it("bill a correction of what was billed as a negative line of its month", async () => {
    const tenant = tenantName();
    await use(tenant, "a", "2025-01-05T00:00:00Z", 10_000_000);
    await issued(tenant);
    await billing.metering.correct("a", { tokensIn: 4_000_000 }, "counted twice", { tenant });
    clock.set("2025-03-01T00:00:00Z");
    const { content, status } = await issued(tenant, "2025-02");
    expect(content.lines.map(({ amount }) => amount)).toEqual([-90]);
    expect([content.total, content.creditsIssued, status]).toEqual([-90, 90, "paid"]);
    expect((await billing.credits.balance(tenant)).balanceCents).toBe(90);
  });

  it("refuse a month that is not over, an unknown field, and an earlier draft left open", async () => {
    const tenant = tenantName();
    await use(tenant, "a", "2025-01-05T00:00:00Z");
    await use(tenant, "b", "2025-02-02T00:00:00Z");
    const january = await billing.invoices.create({ tenant, period: "2025-01" });
    const february = await billing.invoices.create({ tenant, period: "2025-02" });
    const finalize = (invoiceId: string) => billing.invoices.finalize({ tenant, invoiceId });
    expect(await codeOf(finalize(february.id))).toBe("period_not_over");
    clock.set("2025-03-01T00:00:00Z");
    expect(await codeOf(finalize(february.id))).toBe("earlier_draft");
    expect(await codeOf(billing.invoices.create({ tenant, period: "2025-1" }))).toBe("invalid_period");
    expect(await codeOf(billing.invoices.create({ tenant, period: "2025-01", taxrate: 1 } as never))).toBe(
      "unknown_field",
    );
    expect(await codeOf(billing.invoices.get({ tenant: "other", invoiceId: january.id }))).toBe(
      "invoice_not_found",
    );
    await billing.invoices.deleteDraft({ tenant, invoiceId: january.id });
    expect((await finalize(february.id)).content.lines).toHaveLength(2);
  });

  it("give back what a void one had taken, and bill it again with the same events behind it", async () => {
    const tenant = tenantName();
    await use(tenant, "a", "2025-01-05T00:00:00Z", 10_000_000);
    await billing.credits.issue({ tenant, amountCents: 100, type: "promotional", expiresInDays: 90 });
    const wrong = await issued(tenant);
    await use(tenant, "late", "2025-01-06T00:00:00Z", 20_000_000);
    const gone = await billing.invoices.void({ tenant, invoiceId: wrong.id, reason: "wrong tax" });
    expect([gone.status, gone.number, gone.amountDueCents]).toEqual(["void", wrong.number, 0]);
    expect((await billing.credits.balance(tenant)).balanceCents).toBe(100);
    const again = await issued(tenant, "2025-01", { taxRate: "0.1" });
    expect(again.number).not.toBe(wrong.number);
    expect(again.content).toMatchObject({ subtotal: 450, total: 495, creditsApplied: 100 });
    const { usage, events } = await billing.invoices.explain({ tenant, invoiceId: again.id, lineId: "L1" });
    expect([usage?.agrees, events.map(({ id }) => id)]).toEqual([true, ["a", "late"]]);
    expect(await billing.invoices.void({ tenant, invoiceId: wrong.id, reason: "again" })).toEqual(gone);
  });

  it("are paid in parts, once per reference, and never beyond what is due", async () => {
    const tenant = tenantName();
    await use(tenant, "a", "2025-01-05T00:00:00Z", 100_000_000);
    const { id, amountDueCents } = await issued(tenant);
    const pay = (amountCents: number | undefined, reference: string) =>
      billing.invoices.pay({ tenant, invoiceId: id, amountCents, reference });
    expect(amountDueCents).toBe(1_500);
    expect(await pay(500, "p1")).toMatchObject({ status: "finalized", amountDueCents: 1_000 });
    expect(await pay(500, "p1")).toMatchObject({ status: "finalized", amountDueCents: 1_000 });
    expect(await codeOf(pay(501, "p1"))).toBe("reference_conflict");
    expect(await codeOf(pay(1_001, "p2"))).toBe("overpaid");
    const void_ = billing.invoices.void({ tenant, invoiceId: id, reason: "x" });
    expect(await codeOf(void_)).toBe("invoice_settled");
    expect(await pay(undefined, "p3")).toMatchObject({ status: "paid", paidCents: 1_500, amountDueCents: 0 });
    expect(await codeOf(pay(1, "p4"))).toBe("invoice_not_payable");
  });

  it("are corrected by credit notes that name them and sum to no more than them", async () => {
    const tenant = tenantName();
    const items = [1, 2, 3].map((n) => ({ description: `item ${n}`, amountCents: 333 }));
    const { id, number, content } = await issued(tenant, "2025-01", { taxRate: "0.19", items });
    expect(content).toMatchObject({ subtotal: 999, taxTotal: 190, total: 1_189 });
    const note = (reference: string, lines?: { lineId: string; amountCents: number }[]) =>
      billing.invoices.creditNote({ tenant, invoiceId: id, reference, reason: "returned", lines });
    const first = await note("n1", [{ lineId: "L2", amountCents: 100 }]);
    expect(first.content).toMatchObject({
      corrects: number,
      net: 100,
      taxTotal: 19,
      total: 119,
      offDue: 119,
    });
    expect(await note("n1", [{ lineId: "L2", amountCents: 100 }])).toEqual(first);
    expect(await codeOf(note("n1"))).toBe("reference_conflict");
    expect(await codeOf(note("n2", [{ lineId: "L2", amountCents: 234 }]))).toBe("line_exceeded");
    expect(await codeOf(note("n2", [{ lineId: "L9", amountCents: 1 }]))).toBe("unknown_line");
    await billing.invoices.pay({ tenant, invoiceId: id, amountCents: 1_000, reference: "p" });
    const rest = await note("n2");
    expect(rest.content).toMatchObject({
      net: 899,
      taxTotal: 171,
      total: 1_070,
      offDue: 70,
      refunded: 1_000,
    });
    expect((await billing.credits.balance(tenant)).balanceCents).toBe(1_000);
    expect(await codeOf(note("n3"))).toBe("invoice_not_creditable");
    const document = await billing.invoices.creditNoteDocument({ tenant, creditNoteId: first.id });
    expect(document).toMatchObject({
      kind: "credit_note",
      number: first.number,
      corrects: number,
      total: "1.19",
    });
    expect(layoutOf(document)).toBeDefined();
    expect((await billing.invoices.creditNotes({ tenant, invoiceId: id })).map((one) => one.number)).toEqual([
      first.number,
      rest.number,
    ]);
    expect(await billing.invoices.get({ tenant, invoiceId: id })).toMatchObject({ status: "paid", content });
  });

  it("that credit paid and a note gave back are not void too, and notes beside a negative line stop at the total", async () => {
    const tenant = tenantName();
    const items = [
      { description: "plan", amountCents: 1_000 },
      { description: "unused rest", amountCents: -100 },
    ];
    await billing.credits.issue({ tenant, amountCents: 900, type: "purchase" });
    const { id } = await issued(tenant, "2025-01", { items });
    const note = (reference: string, lineId: string, amountCents: number) => {
      const key = { tenant, invoiceId: id, reference, reason: "returned" };
      return billing.invoices.creditNote({ ...key, lines: [{ lineId, amountCents }] });
    };
    expect((await note("n1", "L1", 500)).content).toMatchObject({ total: 500, offDue: 0, returned: 500 });
    expect(await codeOf(note("n2", "L1", 401))).toBe("line_exceeded");
    expect((await note("n3", "L1", 400)).content.returned).toBe(400);
    expect(await codeOf(billing.invoices.void({ tenant, invoiceId: id, reason: "x" }))).toBe(
      "invoice_settled",
    );
    expect((await billing.credits.balance(tenant)).balanceCents).toBe(900);
  });

  it("are not made by the run for usage that was taken back, and are for a renewal that no job has written yet", async () => {
    clock.set("2026-01-20T00:00:00Z");
    const [nothing, subscriber] = [tenantName(), tenantName()];
    const operator = { kind: "operator", id: "op" } as const;
    await use(nothing, "e", "2026-01-19T00:00:00Z");
    await billing.metering.correct("e", null, "it never was", { tenant: nothing });
    const owner = { name: "Sub", ownerId: `${subscriber} owner` };
    await billing.organizations.createOrganization(operator, { id: subscriber, ...owner });
    await billing.subscriptions.change(operator, subscriber, { kind: "change_plan", tier: "starter" });
    clock.set("2026-02-01T00:00:00Z");
    await billing.invoices.runMonthEnd({ period: "2026-01" });
    clock.set("2026-03-01T00:00:00Z");
    await billing.invoices.runMonthEnd({ period: "2026-02" });
    const { items } = await billing.invoices.list({ tenant: subscriber });
    expect(items.map(({ period, totalCents }) => [period, totalCents])).toEqual([
      ["2026-02", 9_900],
      ["2026-01", 9_900],
    ]);
    expect((await billing.invoices.list({ tenant: nothing })).items).toEqual([]);
  });

  it("are written off, overdue when their date has passed, and paged newest first", async () => {
    const tenant = tenantName();
    const items = [{ description: "item", amountCents: 100 }];
    const january = await issued(tenant, "2025-01", { items, dueInDays: 5 });
    for (const [at, isOverdue] of [
      ["2025-02-08T23:59:59.998Z", false],
      ["2025-02-09T00:00:00.000Z", true],
    ] as const) {
      clock.set(at);
      expect(await billing.invoices.get({ tenant, invoiceId: january.id })).toMatchObject({ isOverdue });
    }
    clock.set("2025-03-02T00:00:00Z");
    const february = await issued(tenant, "2025-02", { items });
    const off = await billing.invoices.markUncollectible({ tenant, invoiceId: january.id });
    expect(off).toMatchObject({ status: "uncollectible", amountDueCents: 0, isOverdue: false });
    const page = await billing.invoices.list({ tenant, limit: 1 });
    const next = await billing.invoices.list({ tenant, limit: 1, cursor: page.nextCursor ?? "" });
    expect([...page.items, ...next.items].map(({ id }) => id)).toEqual([february.id, january.id]);
    const open = await billing.invoices.list({ tenant, status: "finalized" });
    expect(open.items.map(({ number }) => number)).toEqual([february.number]);
  });

  it("are taken back also when the volume sum was lowered otherwise: it is lowered by what is left of it", async () => {
    const tenant = tenantName();
    clock.set("2025-03-02T00:00:00Z");
    const items = [{ description: "item", amountCents: 1_000 }];
    const [january, february] = [
      await issued(tenant, "2025-01", { items }),
      await issued(tenant, "2025-02", { items }),
    ];
    await billing.volumeDiscounts.recordRefund({ tenant, amountCents: 1_700 });
    await billing.invoices.void({ tenant, invoiceId: january.id, reason: "wrong" });
    const note = { tenant, invoiceId: february.id, reference: "r", reason: "wrong" };
    expect((await billing.invoices.creditNote(note)).content.total).toBe(1_000);
    expect((await billing.volumeDiscounts.get(tenant)).cumulativeSpendCents).toBe(0);
    expect((await billing.verify()).differences).toEqual([]);
  });

  it("are made for every tenant that used something by the month-end run, once", async () => {
    clock.set("2025-06-01T00:00:00Z");
    const names = [tenantName(), tenantName(), tenantName()];
    for (const name of names) await use(name, "m", "2025-05-31T23:59:59.999Z", 10_000_000);
    const seen: number[] = [];
    const first = await billing.invoices.runMonthEnd({ period: "2025-05" }, ({ tenants: n }) => seen.push(n));
    expect(first).toMatchObject({ period: "2025-05", failures: [] });
    expect(first.finalized).toBeGreaterThanOrEqual(3);
    expect(seen).toHaveLength(first.tenants);
    const again = await billing.invoices.runMonthEnd({ period: "2025-05" });
    expect([again.finalized, again.tenants]).toEqual([0, 0]);
    for (const tenant of names) {
      const { items } = await billing.invoices.list({ tenant });
      expect(items.map(({ period, totalCents }) => [period, totalCents])).toEqual([["2025-05", 150]]);
    }
  });

  it("have the subscription's lines once, and included usage at 0 until the plan meters it", async () => {
    clock.set("2025-09-01T00:00:00Z");
    const tenant = tenantName();
    const operator = { kind: "operator", id: "op" } as const;
    await billing.organizations.createOrganization(operator, {
      id: tenant,
      name: "Acme",
      ownerId: `${tenant} owner`,
    });
    clock.set("2025-09-11T00:00:00Z");
    await billing.subscriptions.change(operator, tenant, { kind: "change_plan", tier: "enterprise" });
    clock.set("2025-09-20T09:00:00Z");
    await use(tenant, "included", "2025-09-12T10:00:00Z", 100_000_000);
    await billing.organizations.setTier(operator, tenant, "enterprise_plus");
    clock.set("2025-10-01T00:00:00Z");
    // The plan in force at the first instant of a day decides for the day.
    await use(tenant, "that day", "2025-09-20T10:00:00Z", 10_000_000);
    await use(tenant, "metered", "2025-09-21T10:00:00Z", 10_000_000);
    const september = await issued(tenant, "2025-09");
    expect(september.content.lines.map(({ group, amount }) => [group, amount])).toEqual([
      ["subscription", 99_900],
      ["usage", 0],
      ["usage", 150],
    ]);
    expect(september.content.lines[1]).toMatchObject({ detail: "included in the plan (worth $16.5)" });
    expect(september.content.buyer.name).toBe("Acme");
    clock.set("2025-11-01T00:00:00Z");
    const october = await issued(tenant, "2025-10");
    // Given by hand at no charge until 11 October, then charged at its price.
    expect(october.content.lines.map(({ group, amount }) => [group, amount])).toEqual([
      ["subscription", 500_000],
    ]);
  });

  it("are issued by the job of the month end, so many days after it, and what could not be is tried again", async () => {
    clock.set("2025-12-01T00:00:00Z");
    const [good, bad] = [tenantName(), tenantName()];
    for (const name of [good, bad]) await use(name, "m", "2025-11-30T00:00:00Z", 10_000_000);
    await billing.discounts.createCode({ code: `GONE-${bad.slice(-3)}`, discountPercent: "10" });
    await billing.invoices.create({
      tenant: bad,
      period: "2025-11",
      discountCodes: [`GONE-${bad.slice(-3)}`],
    });
    await billing.discounts.disableCode(`GONE-${bad.slice(-3)}`);
    const job = billing.invoices.monthEnd({ afterDays: 3, terms: { taxRate: "0.2" } });
    const at = (text: string) => {
      clock.set(text);
      return clock.now();
    };
    // Until then the last month that is over for the job is October.
    expect(await job.runDue(at("2025-12-03T23:59:59.999Z"))).toBe(0);
    expect((await billing.invoices.list({ tenant: good })).items).toEqual([]);
    expect(await job.hasWork(at("2025-12-04T00:00:00Z"))).toBe(true);
    expect(await codeOf(job.runDue(clock.now()))).toBe("month_end_incomplete");
    const { items } = await billing.invoices.list({ tenant: good });
    expect(items.map(({ period, totalCents }) => [period, totalCents])).toEqual([["2025-11", 180]]);
    const [draft] = (await billing.invoices.list({ tenant: bad })).items;
    await billing.invoices.update({ tenant: bad, invoiceId: draft?.id ?? "" });
    expect(await job.runDue(clock.now())).toBe(1);
    expect(await job.hasWork(clock.now())).toBe(false);
    expect(() => billing.invoices.monthEnd({ afterDays: 28 })).toThrow(/monthEnd.afterDays/);
  });

  it("that cannot be issued for one tenant do not stop the run", async () => {
    clock.set("2025-08-01T00:00:00Z");
    const [good, bad] = [tenantName(), tenantName()];
    for (const name of [good, bad]) await use(name, "m", "2025-07-31T00:00:00Z", 10_000_000);
    const create = (code: string) =>
      billing.invoices.create({ tenant: bad, period: "2025-07", discountCodes: [code] });
    expect(await codeOf(create("NOSUCHCODE"))).toBe("code_not_found");
    expect((await billing.invoices.list({ tenant: bad })).items).toEqual([]);
    const code = `LATE-${bad.slice(-3)}`;
    await billing.discounts.createCode({ code, discountPercent: "10" });
    const draft = await create(code);
    await billing.discounts.disableCode(code);
    const report = await billing.invoices.runMonthEnd({ period: "2025-07" });
    expect(report.failures).toEqual([expect.objectContaining({ tenant: bad, code: "code_disabled" })]);
    const gone = billing.invoices.update({ tenant: bad, invoiceId: draft.id, discountCodes: ["GONE"] });
    expect(await codeOf(gone)).toBe("code_not_found");
    expect((await billing.invoices.list({ tenant: good })).items).toHaveLength(1);
  });
});
