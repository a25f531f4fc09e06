import { describe, expect, it } from "vitest";
import { attachmentsOf, unwrapped } from "../../../test/invoices/delivery-mails.ts";
import { ENGINES } from "../../../test/support/database.ts";
import { headerOf, startSmtpSink } from "../../../test/support/smtp-sink.ts";
import type { CreditNotice, InvoiceNotice, InvoiceNotices } from "../invoices/index.ts";
import { serviceOn, storeWithNotifications } from "./fixtures.ts";
import { InvoiceMails } from "./index.ts";

const EVIL = "A<script>&\"'\r\nBcc: victim@example.com\u2028\u202e\0\ud800";
const BUYER = { name: EVIL, address: [], country: null, taxId: null, email: "bills@acme.example" };
const NOTICE: InvoiceNotice = {
  ...{ tenant: "acme", invoiceId: "inv_1", number: "INV-000001", period: "2025-02", currency: "USD" },
  ...{ amountDue: 123_456n, dueAt: Date.parse("2025-03-31T10:00:00Z"), buyer: BUYER },
};
const NOTE: CreditNotice = {
  ...{ tenant: "acme", creditNoteId: "crn_1", number: "CN-000001", corrects: "INV-000001" },
  ...{ currency: "USD", amount: 500n, reason: EVIL, buyer: BUYER },
};
const PAID = { ...NOTICE, payment: "p1", amount: 500n, paidAt: 0, method: EVIL };
const PDF = { filename: "a.pdf", contentType: "application/pdf", content: Buffer.from("%PDF-") };

async function boxOn(url: string, port?: number) {
  const store = await storeWithNotifications(url);
  const box = serviceOn(store, { smtpPort: port, attachments: async () => [PDF] });
  const mails: InvoiceNotices = new InvoiceMails(box);
  return { store, mails, ...box };
}

describe.each(ENGINES)("notices of invoices on $name", ({ freshUrl }) => {
  it("are written with the commit that they tell of, once each, or not at all", async () => {
    const { store, mails, service } = await boxOn(await freshUrl());
    const undone = store.transaction(async (tx) => {
      await mails.issued(tx, NOTICE);
      throw new Error("undone");
    });
    await expect(undone).rejects.toThrow("undone");
    expect((await service.list({ tenant: "acme" })).items).toEqual([]);
    for (const again of [false, true]) {
      await store.transaction(async (tx) => {
        await mails.issued(tx, NOTICE);
        await mails.paid(tx, PAID);
        await mails.paid(tx, { ...PAID, payment: "p2", amountDue: 0n });
        await mails.due(tx, NOTICE);
        for (const step of [0, 7, 14]) await mails.overdue(tx, { ...NOTICE, step, daysOverdue: step });
        await mails.credited(tx, NOTE);
        await mails.voided(tx, { ...NOTICE, reason: EVIL });
        if (again) await mails.issued(tx, { ...NOTICE, invoiceId: "inv_2" });
      });
    }
    const { items } = await service.list({ tenant: "acme" });
    expect(items.map(({ kind }) => kind).sort()).toEqual([
      ...["credit_note_issued", "invoice_due", "invoice_issued", "invoice_issued", "invoice_overdue"],
      ...["invoice_overdue", "invoice_overdue", "invoice_voided", "payment_received", "payment_received"],
    ]);
    const first = items.find(({ kind }) => kind === "invoice_issued");
    expect(first?.payload).toMatchObject({ amountDue: "$1234.56", dueAt: "2025-03-31T10:00:00.000Z" });
    expect(items.find(({ kind }) => kind === "credit_note_issued")?.payload).toMatchObject({
      creditNoteId: NOTE.creditNoteId,
    });
  });
});

describe("notices of invoices", () => {
  it("are mails in which no name, method or reason becomes a header, a line or a tag", async () => {
    const smtp = await startSmtpSink();
    const { store, mails, service } = await boxOn("sqlite::memory:", smtp.port);
    await store.transaction(async (tx) => {
      await mails.issued(tx, NOTICE);
      await mails.paid(tx, PAID);
      await mails.due(tx, NOTICE);
      await mails.overdue(tx, { ...NOTICE, step: 0, daysOverdue: 0 });
      await mails.credited(tx, NOTE);
      await mails.voided(tx, { ...NOTICE, reason: EVIL });
    });
    expect(await service.deliverDue()).toMatchObject({ delivered: 6, failed: 0, dead: 0 });
    expect(smtp.mails).toHaveLength(6);
    for (const mail of smtp.mails) {
      expect([mail.to, headerOf(mail, "Bcc"), mail.headers.length]).toEqual([["bills@acme.example"], [], 8]);
      const [text = "", html = ""] = unwrapped(mail).split("Content-Type: text/html");
      expect([text, html].join()).not.toMatch(/^Bcc|\0/m);
      expect([html.includes("&lt;script&gt;"), html.includes("<script>")]).toEqual([true, false]);
      expect(attachmentsOf(mail)).toEqual([PDF]);
    }
  });

  it("are written whatever the buyer is called, and whatever the address is", async () => {
    const { store, mails, service } = await boxOn("sqlite::memory:");
    const names = ["\u202e", "😀".repeat(5_000), `${"x".repeat(199)}😀`];
    const addresses = [null, "a@b.example\r\nRCPT TO:<victim@example.com>", "a@b.example, c@d.example"];
    for (const [index, name] of names.entries()) {
      const email = addresses[index] ?? null;
      await store.transaction((tx) =>
        mails.issued(tx, { ...NOTICE, invoiceId: `inv_${index}`, buyer: { ...BUYER, name, email } }),
      );
    }
    const { items } = await service.list({ tenant: "acme" });
    expect(items.map(({ recipient }) => recipient)).toEqual([null, null, null]);
    const told = items.map(({ payload }) => String(payload.orgName)).reverse();
    expect(told[0]).toBe("acme");
    expect(told.map((name) => [name.length <= 200, name.isWellFormed()])).toEqual([
      ...[
        [true, true],
        [true, true],
        [true, true],
      ],
    ]);
  });
});
