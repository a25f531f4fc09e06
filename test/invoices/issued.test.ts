import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Billing } from "../../src/billing.ts";
import { InvoiceService } from "../../src/domain/invoices/index.ts";
import { digest } from "../../src/kernel/index.ts";
import { type Store, storeAt } from "../../src/store/index.ts";
import { freshPostgresUrl, freshSqliteUrl } from "../support/database.ts";
import { billingAt, useTokens } from "./runs.ts";

const TENANT = "acme";
/** What would change what was issued, or make it a draft again. */
const FORBIDDEN = [
  "UPDATE invoice_documents SET content = '{}'",
  "UPDATE invoice_documents SET number = 'INV-000009'",
  "DELETE FROM invoice_documents",
  "UPDATE invoice_usage SET charge_lo = 0",
  "DELETE FROM invoice_usage",
  "UPDATE invoices SET total = 1",
  "UPDATE invoices SET status = 'draft'",
  "UPDATE invoices SET terms = '{}'",
  "UPDATE invoices SET due_at = 0",
  "UPDATE invoices SET period_end = 0",
  "DELETE FROM invoices",
];
const FORBIDDEN_ON = {
  sqlite: [
    `INSERT OR REPLACE INTO invoice_documents
     SELECT tenant, id, kind, number, invoice, '{}', digest, issued_at FROM invoice_documents`,
    "INSERT OR REPLACE INTO invoice_usage SELECT * FROM invoice_usage",
    "INSERT OR REPLACE INTO invoices SELECT * FROM invoices",
  ],
  postgres: ["TRUNCATE invoice_documents", "TRUNCATE invoice_usage", "TRUNCATE invoices"],
};
const TAMPERED: readonly (readonly [sql: string, difference: RegExp])[] = [
  ["UPDATE unbilled_usage SET charge_lo = charge_lo + 1", /billed and unbilled usage are not what was rated/],
  [
    "UPDATE unbilled_usage SET input_tokens = input_tokens - 1",
    /billed and unbilled usage are not what was rated/,
  ],
  ["DELETE FROM unbilled_usage", /billed and unbilled usage are not what was rated/],
  [
    "UPDATE invoice_series SET last = last + 1 WHERE series = 'INV'",
    /invoice_series INV: its last number is 2, there are 1/,
  ],
  ["UPDATE invoices SET paid = paid + 1", /it is paid, but -1 are left of it/],
  ["UPDATE invoices SET status = 'finalized'", /nothing is left of it, but it is open/],
];

describe.each([
  { name: "sqlite" as const, freshUrl: freshSqliteUrl },
  { name: "postgres" as const, freshUrl: freshPostgresUrl },
])("an issued invoice on $name", ({ name, freshUrl }) => {
  let billing: Billing;
  let store: Store;
  let invoiceId: string;

  beforeAll(async () => {
    const url = await freshUrl();
    billing = await billingAt(url);
    store = storeAt(url);
    await store.ready();
    await useTokens(billing, [TENANT], 31);
    const items = [{ description: "Onboarding", amountCents: 5_000 }];
    const { id } = await billing.invoices.create({
      tenant: TENANT,
      period: "2025-01",
      taxRate: "0.19",
      items,
    });
    await billing.invoices.finalize({ tenant: TENANT, invoiceId: id });
    invoiceId = id;
    // Late usage is unbilled.
    const late = { tenant: TENANT, id: "late", timestamp: "2025-01-09T00:00:00Z" };
    await billing.metering.record({
      ...late,
      provider: "openai",
      model: "gpt-4o",
      tokensIn: 9,
      tokensOut: 9,
    });
  });

  afterAll(async () => {
    await store.close();
    await billing.close();
  });

  /** Everything that was issued, as one hash. */
  function issued(): Promise<string> {
    return store.read(async (reader) => {
      const documents = await reader.all<Record<string, unknown>>(
        "SELECT * FROM invoice_documents WHERE kind = 'invoice'",
      );
      const usage = await reader.all<Record<string, unknown>>("SELECT * FROM invoice_usage ORDER BY day");
      const terms = await reader.all<Record<string, unknown>>(
        "SELECT id, period_start, period_end, terms, total, credited, usage_upto, finalized_at, due_at FROM invoices",
      );
      const text = (_: string, value: unknown) => (typeof value === "bigint" ? String(value) : value);
      return digest(JSON.stringify([documents, usage, terms], text));
    });
  }

  it("is the same before and after every statement that would change it: the database refuses them", async () => {
    const before = await issued();
    for (const sql of [...FORBIDDEN, ...FORBIDDEN_ON[name]]) {
      await expect(
        store.transaction((tx) => tx.run(sql)),
        sql,
      ).rejects.toThrow();
      expect(await issued(), sql).toBe(before);
    }
  });

  it("is the same before and after every call that writes, and refuses those that would change it", async () => {
    const before = await issued();
    const { content } = await billing.invoices.get({ tenant: TENANT, invoiceId });
    const key = { tenant: TENANT, invoiceId };
    const refused = [
      () => billing.invoices.update({ ...key, taxRate: "0.07" }),
      () => billing.invoices.deleteDraft(key),
      () => billing.invoices.create({ tenant: TENANT, period: "2025-01", taxRate: "0.07" }),
    ];
    for (const call of refused) await expect(call()).rejects.toThrow(/issued|terms/);
    const line = { lineId: "L1", amountCents: 1 };
    const calls = [
      () => billing.invoices.finalize(key),
      () => billing.metering.correct("acme-3", { tokensIn: 1 }, "miscounted", { tenant: TENANT }),
      () => billing.invoices.pay({ ...key, amountCents: 10, reference: "p1" }),
      () => billing.invoices.creditNote({ ...key, reference: "n1", reason: "goodwill", lines: [line] }),
      () =>
        billing.organizations.setSellerProfile(
          { kind: "operator", id: "op" },
          {
            legalName: "New Name Inc.",
            address: "Elsewhere 1",
            country: "DE",
            email: "a@b.example",
            currency: "USD",
          },
        ),
      () => billing.invoices.preview({ tenant: TENANT, period: "2025-01" }),
      () => billing.invoices.runMonthEnd({ period: "2025-01" }),
      () => billing.invoices.pay({ ...key, reference: "p2" }),
    ];
    for (const call of calls) {
      await call();
      expect(await issued()).toBe(before);
    }
    const after = await billing.invoices.get(key);
    expect([after.status, after.content]).toEqual(["paid", content]);
    expect((await billing.verify()).differences).toEqual([]);
  });

  it.each(TAMPERED)("and all about it is proven by verify, which sees %s", async (sql, difference) => {
    const undone = new Error("undone");
    const seen = store.transaction(async (tx) => {
      await tx.run(sql);
      const differences = await InvoiceService.participant.differences(tx);
      expect(differences.join("\n")).toMatch(difference);
      throw undone;
    });
    await expect(seen).rejects.toBe(undone);
  });
});
