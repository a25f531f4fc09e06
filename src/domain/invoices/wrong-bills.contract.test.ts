// What somebody tries, or a broken row does, to make a bill wrong, to stop it, or to stop everybody else's.

import { describe, expect, it } from "vitest";
import { ENGINES } from "../../../test/support/database.ts";
import type { Billing } from "../../billing.ts";
import { BillingError, HOUR_MS } from "../../kernel/index.ts";
import { storeAt } from "../../store/index.ts";
import { issued, items, startInvoices, tenant } from "./fixtures.ts";

const DUAL = ENGINES.filter(({ name }) => name !== "sqlite memory");
const OPERATOR = { kind: "operator", id: "op" } as const;

async function codeOf(work: Promise<unknown> | (() => Promise<unknown>)): Promise<string> {
  const error = await (typeof work === "function" ? work() : work).then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  if (error instanceof BillingError) return error.code;
  throw new Error(`expected a BillingError, got ${String(error)}`);
}

/** Changes rows as no code of ours does. */
async function byHand(url: string, ...statements: readonly string[]): Promise<void> {
  const store = storeAt(url);
  await store.transaction(async (tx) => {
    for (const sql of statements) await tx.run(sql);
  });
  await store.close();
}

describe.each(DUAL)("an invoice on $name", ({ freshUrl }) => {
  it("is not paid by what a tenant has spent already, nor stopped by it: its references are nobody else's", async () => {
    const { billing } = await startInvoices(await freshUrl());
    await billing.credits.issue({ tenant, amountCents: 2_000, type: "purchase" });
    await billing.discounts.createCode({ code: "TEN", discountPercent: "10" });
    const { id } = await billing.invoices.create({
      ...{ tenant, period: "2025-01", items: items(1_000), discountCodes: ["ten"] },
    });
    const reference = `invoice:${id}`;
    const use = { tenant, code: "TEN", purchaseAmountCents: 1_000, reference };
    for (const take of [
      () => billing.credits.deduct({ tenant, amountCents: 1_000, reference }),
      () => billing.credits.issue({ tenant, amountCents: 1, type: "refund", reference: "note:x" }),
      () => billing.credits.adjust({ tenant, amountCents: 1, reference: `void:${id}` }),
      () => billing.discounts.apply(use),
      () => billing.discounts.reserve(use),
      () => billing.volumeDiscounts.recordPurchase({ tenant, amountCents: 1, reference }),
    ])
      expect(await codeOf(take)).toBe("reserved_reference");
    expect(await billing.invoices.finalize({ tenant, invoiceId: id })).toMatchObject({
      ...{ status: "paid", totalCents: 900, creditsAppliedCents: 900 },
    });
    const [deduction] = (await billing.credits.transactions({ tenant })).items;
    const back = { tenant, transactionId: deduction?.id ?? "" };
    expect(await codeOf(billing.credits.reverse(back))).toBe("paid_an_invoice");
    expect((await billing.credits.balance(tenant)).balanceCents).toBe(1_100);
  });

  it("uses a code once", async () => {
    const { billing } = await startInvoices(await freshUrl());
    await billing.discounts.createCode({ code: "TEN", discountAmountCents: 100, maxUses: 1 });
    const twice = { tenant, period: "2025-01", items: items(1_000), discountCodes: ["TEN", "ten"] };
    expect(await codeOf(billing.invoices.create(twice))).toBe("given_twice");
    expect(await codeOf(billing.invoices.preview(twice))).toBe("given_twice");
  });

  it("that credit paid gives it back to its lots: what has expired stays so, and none becomes money", async () => {
    const { billing, clock } = await startInvoices(await freshUrl());
    await billing.credits.issue({ tenant, amountCents: 300, type: "promotional", expiresInDays: 1 });
    await billing.credits.issue({ tenant, amountCents: 200, type: "purchase" });
    const { id: invoiceId } = await issued(billing, { items: items(1_000) });
    await billing.invoices.pay({ tenant, invoiceId, amountCents: 400, reference: "transfer" });
    clock.advance(48 * HOUR_MS);
    const line = (amountCents: number) => [{ lineId: "L1", amountCents }];
    const note = async (reference: string, amountCents: number) => {
      const input = { tenant, invoiceId, reference, reason: "goodwill", lines: line(amountCents) };
      const { content } = await billing.invoices.creditNote({ ...input, refundTo: "payment" });
      return [content.offDue, content.refunded, content.returned, content.expired];
    };
    // 100 are still due; then the money goes back, then the credit.
    expect(await note("a", 300)).toEqual([100, 200, 0, 0]);
    expect(await note("b", 300)).toEqual([0, 200, 100, 0]);
    expect(await note("c", 400)).toEqual([0, 0, 400, 300]);
    expect((await billing.credits.balance(tenant)).balanceCents).toBe(200);
    expect((await billing.verify()).differences).toEqual([]);
  });

  it("has the volume discount once, and codes for the whole purchase", async () => {
    const { billing } = await startInvoices(await freshUrl());
    await billing.volumeDiscounts.recordPurchase({ tenant, amountCents: 50_000_000, reference: "before" });
    await billing.discounts.createCode({ code: "MIN", discountPercent: 10, minPurchaseCents: 10_000 });
    await billing.discounts.createCode({ code: "VOL", type: "volume" });
    const total = async (terms: object) => {
      const invoice = { tenant, period: "2025-01", items: items(10_000), ...terms };
      return (await billing.invoices.preview(invoice)).content.total;
    };
    // 20 % of the volume first; the code's least purchase is the one before it.
    expect(await total({ discountCodes: ["MIN"] })).toBe(7_200);
    expect(await codeOf(() => total({ discountCodes: ["VOL"] }))).toBe("stacking_order");
    expect(await total({ discountCodes: ["VOL"], volumeDiscount: false })).toBe(8_000);
    const terms = { items: items(10_000), discountCodes: ["MIN"] };
    expect((await issued(billing, terms)).totalCents).toBe(7_200);
    expect((await billing.verify()).differences).toEqual([]);
  });

  it("has no tokens of a trial, whatever its tier bills", async () => {
    const { billing, clock } = await startInvoices(await freshUrl());
    clock.set("2025-01-10T00:00:00Z");
    await billing.organizations.createOrganization(OPERATOR, { id: tenant, name: "Acme", ownerId: "ada" });
    const tier = "enterprise_plus";
    await billing.subscriptions.change(OPERATOR, tenant, { kind: "start_trial", tier });
    const call = { tenant, provider: "openai", model: "gpt-4o", tokensIn: 4_000_000, tokensOut: 0 };
    const used = async (at: string) => {
      clock.set(at);
      await billing.metering.record(call);
    };
    await used("2025-01-12T05:00:00Z");
    await billing.subscriptions.change(OPERATOR, tenant, { kind: "convert_trial" });
    await used("2025-01-13T05:00:00Z");
    clock.set("2025-02-01T00:00:00Z");
    const { content } = await billing.invoices.preview({ tenant, period: "2025-01" });
    const lines = content.lines.map(({ group, amount }) => [group, amount]);
    expect(lines).toEqual([
      ["subscription", 500_000],
      ["usage", 0],
      ["usage", 1_000],
    ]);
  });

  it("that was taken back is not issued again by the job, only by somebody who asks for it", async () => {
    const { billing, clock } = await startInvoices(await freshUrl(), {
      afterDays: 1,
      terms: { taxRate: "0.19" },
    });
    await billing.metering.record({
      ...{ tenant, id: "one", provider: "openai", model: "gpt-4o-mini", tokensIn: 10_000_000, tokensOut: 0 },
      timestamp: "2025-01-10T00:00:00Z",
    });
    await billing.jobs.runDue();
    const [first] = (await billing.invoices.list({ tenant })).items;
    await billing.invoices.void({ tenant, invoiceId: first?.id ?? "", reason: "reverse charge" });
    clock.advance(2 * HOUR_MS);
    await billing.jobs.runDue();
    expect((await billing.invoices.list({ tenant })).items.map(({ status }) => status)).toEqual(["void"]);
    const report = await billing.invoices.runMonthEnd({ period: "2025-01", reverseCharge: true });
    expect(report).toMatchObject({ finalized: 1, totalCents: 150 });
    expect((await billing.verify()).differences).toEqual([]);
  });

  it("keeps no other one waiting: not a subscription that cannot be settled, nor a document that is broken", async () => {
    const url = await freshUrl();
    const { billing, clock } = await startInvoices(url);
    clock.set("2025-01-05T00:00:00Z");
    await billing.organizations.createOrganization(OPERATOR, { id: "bad", name: "Bad", ownerId: "o" });
    await billing.subscriptions.change(OPERATOR, "bad", { kind: "change_plan", tier: "starter" });
    for (const name of ["a", "bad", "z"])
      await billing.metering.record({
        ...{
          tenant: name,
          id: "one",
          provider: "openai",
          model: "gpt-4o",
          tokensIn: 4_000_000,
          tokensOut: 0,
        },
      });
    await byHand(url, "UPDATE subscriptions SET plan_version = 99 WHERE tenant = 'bad'");
    clock.set("2025-02-06T00:00:00Z");
    const report = await billing.invoices.runMonthEnd({ period: "2025-01", dueInDays: 5 });
    expect([report.finalized, report.failures.map((one) => one.tenant)]).toEqual([2, ["bad"]]);

    const dropped =
      storeAt(url).dialect === "sqlite"
        ? "DROP TRIGGER invoice_documents_no_update"
        : "DROP TRIGGER invoice_documents_issued ON invoice_documents";
    await byHand(url, dropped, "UPDATE invoice_documents SET content = '{' WHERE tenant = 'a'");
    clock.set("2025-02-12T00:00:00Z");
    const runs = await billing.jobs.runDue();
    expect(runs.find(({ name }) => name === "invoice reminders")?.error).toBeTruthy();
    const told = (await billing.notifications.list({ tenant: "z" })).items.map(({ kind }) => kind);
    expect(told.sort()).toEqual(["invoice_issued", "invoice_overdue"]);
  });

  it("that was given up is paid after all, and says what else can be done", async () => {
    const { billing } = await startInvoices(await freshUrl());
    const { id: invoiceId } = await issued(billing, { items: items(1_000) });
    const key = { tenant, invoiceId };
    await billing.invoices.markUncollectible(key);
    await expect(billing.invoices.void({ ...key, reason: "x" })).rejects.toThrow(/given up: count what/);
    const part = await billing.invoices.pay({ ...key, amountCents: 400, reference: "late" });
    expect(part).toMatchObject({ status: "uncollectible", paidCents: 400, amountDueCents: 0 });
    expect(await codeOf(billing.invoices.pay({ ...key, amountCents: 601, reference: "more" }))).toBe(
      "overpaid",
    );
    const all = await billing.invoices.pay({ ...key, reference: "rest" });
    expect(all).toMatchObject({ status: "paid", paidCents: 1_000 });
    const negative = await issued(billing, { items: items(-500) }, "2024-12");
    await expect(billing.invoices.void({ tenant, invoiceId: negative.id, reason: "typo" })).rejects.toThrow(
      /adjust the credit balance/,
    );
    expect((await billing.verify()).differences).toEqual([]);
  });

  it("counts one payment for a reference, whichever of two invoices it is for, also at once", async () => {
    const url = await freshUrl();
    const [{ billing: one }, { billing: two }] = [await startInvoices(url), await startInvoices(url)];
    const [a, b] = [
      await issued(one, { items: items(100) }, "2024-12"),
      await issued(one, { items: items(200) }, "2025-01"),
    ];
    for (const reference of ["r1", "r2", "r3"]) {
      const pay = (engine: Billing, invoiceId: string) =>
        engine.invoices.pay({ tenant, invoiceId, amountCents: 10, reference });
      const settled = await Promise.allSettled([pay(one, a.id), pay(two, b.id)]);
      const refused = settled.flatMap((each) => (each.status === "rejected" ? [each.reason.code] : []));
      expect(refused).toEqual(["reference_conflict"]);
    }
    expect((await one.verify()).differences).toEqual([]);
  });

  it("answers whatever it is asked with a code and a field, whatever the method", async () => {
    const { billing } = await startInvoices(await freshUrl());
    const { id: invoiceId } = await issued(billing, { items: items(100) });
    const { invoices } = billing;
    const methods = [
      ...["get", "finalize", "deleteDraft", "markUncollectible", "creditNotes", "document", "void", "pay"],
      ...["file", "creditNoteFile", "getCreditNote", "creditNote", "explain", "update", "create", "preview"],
    ] as const;
    for (const method of methods) {
      const call = (input: unknown) =>
        (invoices[method as "get"] as (input: unknown) => Promise<unknown>).call(invoices, input);
      for (const input of [
        undefined,
        null,
        7,
        "x",
        [],
        { tenant, invoiceId, bogus: 1 },
        { tenant, invoiceId: {} },
      ]) {
        const error = await call(input).then(
          () => undefined,
          (thrown: unknown) => thrown,
        );
        expect(error, `${method} ${JSON.stringify(input)}`).toBeInstanceOf(BillingError);
        expect((error as BillingError).kind).toBe("invalid_input");
      }
    }
    const explain = { tenant, invoiceId, lineId: { a: 1n } } as never;
    expect(await codeOf(() => invoices.explain(explain))).toBe("invalid_text");
  });

  it("of a draft whose code has ended says so, and what to do", async () => {
    const { billing, clock } = await startInvoices(await freshUrl());
    const expiresAt = new Date("2025-02-04T00:00:00Z");
    await billing.discounts.createCode({ code: "SOON", discountPercent: "10", expiresAt });
    const { id: invoiceId } = await billing.invoices.create({
      ...{ tenant, period: "2025-01", items: items(100), discountCodes: ["SOON"] },
    });
    clock.set("2025-02-05T00:00:00Z");
    await expect(billing.invoices.get({ tenant, invoiceId })).rejects.toThrow(
      /the draft cannot be computed: .*set other terms/,
    );
    const mended = await billing.invoices.update({ tenant, invoiceId, items: items(100) });
    expect(mended.content.total).toBe(100);
  });

  it("is made for nobody whose usage cancels out, however its parts are stored", async () => {
    const { billing } = await startInvoices(await freshUrl());
    const call = { tenant, provider: "openai", model: "gpt-4o-mini", tokensIn: 4, tokensOut: 0 };
    const timestamp = "2025-01-10T00:00:00Z";
    await billing.metering.record(["a", "b"].map((id) => ({ ...call, id, timestamp })));
    for (const id of ["a", "b"]) await billing.metering.correct(id, null, "a test", { tenant });
    const report = await billing.invoices.runMonthEnd({ period: "2025-01" });
    expect([report.tenants, report.finalized]).toEqual([0, 0]);
  });

  it("that was given up does not read as paid when a part of it is", async () => {
    const { billing } = await startInvoices(await freshUrl());
    const { id: invoiceId } = await issued(billing, { items: items(30_000) });
    await billing.invoices.markUncollectible({ tenant, invoiceId });
    await billing.invoices.pay({ tenant, invoiceId, amountCents: 10_000, reference: "late" });
    const document = await billing.invoices.document({ tenant, invoiceId });
    expect(document).toMatchObject({
      ...{ total: "300.00", amountPaid: "100.00", amountDue: "0.00" },
      credits: [{ description: "Written off", amount: "-200.00" }],
    });
    const { items: told } = await billing.notifications.list({ tenant });
    const receipt = told.find(({ kind }) => kind === "payment_received");
    expect(receipt?.payload).toMatchObject({ amount: "$100.00", amountDue: "$200.00" });
  });

  it("that is a draft shares its file with no other", async () => {
    const { billing } = await startInvoices(await freshUrl());
    const names = ["acme", "globex"].map(async (whose) => {
      const { id: invoiceId } = await billing.invoices.create({
        tenant: whose,
        period: "2025-01",
        items: items(1),
      });
      return (await billing.invoices.file({ tenant: whose, invoiceId, format: "csv" })).filename;
    });
    const [mine, theirs] = await Promise.all(names);
    expect(mine).toMatch(/^invoice-DRAFT-inv_\w+\.csv$/);
    expect(theirs).not.toBe(mine);
  });
});

describe.each(DUAL)("an invoice with made-up names of models on $name", ({ freshUrl }) => {
  it("has one line for all of them, which its events explain, beside those of the models that there are", async () => {
    const { billing } = await startInvoices(await freshUrl());
    const of = (provider: string, model: string, id: string) => ({
      ...{ tenant, id, provider, model, tokensIn: 1_000_000, tokensOut: 0 },
      timestamp: "2025-01-10T00:00:00Z",
    });
    const strangers = Array.from({ length: 51 }, (_, n) => of("x", `made-up-${n}`, `s${n}`));
    await billing.metering.record([...strangers, of("openai", "gpt-4o-mini", "known"), of("", "", "none")]);
    const invoice = await issued(billing, { taxRate: "0.1" });
    const lines = invoice.content.lines.map(({ description }) => description).sort();
    expect(lines).toEqual(["51 other models, 2025-01", "openai gpt-4o-mini, 2025-01", "tokens, 2025-01"]);
    for (const { id: lineId, source } of invoice.content.lines) {
      const count = "others" in source ? 51 : 1;
      const { usage, events, parts } = await billing.invoices.explain({
        tenant,
        invoiceId: invoice.id,
        lineId,
      });
      expect(usage).toMatchObject({ events: count, agrees: true });
      expect([events.length, parts[0]?.amountUsd]).toEqual([count, usage?.sumUsd]);
    }
    await billing.invoices.void({ tenant, invoiceId: invoice.id, reason: "again" });
    await billing.metering.record(of("x", "made-up-0", "late"));
    const again = await issued(billing, {});
    const crowd = again.content.lines.find(({ description }) => description.includes("other models"));
    expect(crowd?.source).toMatchObject({ others: 51, sums: { events: 52 } });
    expect((await billing.verify()).differences).toEqual([]);
  });
});

describe("an invoice", () => {
  it("is issued with one line whatever names its usage makes up", async () => {
    const { billing } = await startInvoices("sqlite::memory:");
    for (let from = 0; from < 20_000; from += 5_000) {
      const events = Array.from({ length: 5_000 }, (_, n) => ({
        ...{
          tenant,
          id: `e${from + n}`,
          provider: "x",
          model: `made-up-${from + n}`,
          tokensIn: 10,
          tokensOut: 0,
        },
        timestamp: "2025-01-10T00:00:00Z",
      }));
      await billing.metering.record(events);
    }
    const { finalized, failures } = await billing.invoices.runMonthEnd({ period: "2025-01" });
    expect([finalized, failures]).toEqual([1, []]);
    const [{ id }] = (await billing.invoices.list({ tenant })).items as unknown as [{ id: string }];
    expect((await billing.invoices.get({ tenant, invoiceId: id })).content.lines).toHaveLength(1);
  });

  it("with more lines than a document shows is not issued, and says why", async () => {
    const { billing } = await startInvoices("sqlite::memory:");
    const models = Array.from({ length: 10_001 }, (_, n) => `own-${n}`);
    await billing.pricing.add(models.map((model) => ({ provider: "own", model, input: "1", output: "1" })));
    for (let from = 0; from < models.length; from += 5_000)
      await billing.metering.record(
        models.slice(from, from + 5_000).map((model) => ({
          ...{ tenant, id: model, provider: "own", model, tokensIn: 10, tokensOut: 0 },
          timestamp: "2025-01-10T00:00:00Z",
        })),
      );
    const { failures } = await billing.invoices.runMonthEnd({ period: "2025-01" });
    expect(failures).toMatchObject([{ tenant, code: "too_many_lines" }]);
    expect(failures[0]?.message).toMatch(/more than 10000 lines/);
  });
});
