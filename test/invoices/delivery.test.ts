import { fileURLToPath } from "node:url";
import { describe, expect, it, onTestFinished } from "vitest";
import { type Billing, createBilling, renderInvoicePdf } from "../../src/billing.ts";
import type { InvoiceTermsInput, InvoiceView } from "../../src/domain/invoices/index.ts";
import { HOUR_MS, isoInstant, ManualClock } from "../../src/kernel/index.ts";
import { storeAt } from "../../src/store/index.ts";
import { invoiceReminders } from "../../src/store/migrations/0018-invoice-reminders.ts";
import { freshPostgresUrl, freshSqliteUrl } from "../support/database.ts";
import { startHttpSink } from "../support/http-sink.ts";
import { race } from "../support/race.ts";
import { type ReceivedMail, startSmtpSink } from "../support/smtp-sink.ts";
import { attachmentsOf, subjectOf } from "./delivery-mails.ts";
import { ISSUED, OVERDUE } from "./delivery-times.ts";

const CHILD = fileURLToPath(new URL("./delivery-child.ts", import.meta.url));
const OPERATOR = { kind: "operator", id: "op_1" } as const;
const ITEMS = [{ description: "Onboarding", amountCents: 10_000 }];

async function start(url: string, webhook?: string) {
  const smtp = await startSmtpSink();
  const clock = new ManualClock(ISSUED);
  const notifications = { smtp: { host: "127.0.0.1", port: smtp.port }, webhook };
  const billing = createBilling({ database: url, clock, notifications });
  await billing.ready();
  onTestFinished(() => billing.close());
  return { smtp, clock, billing };
}

/** An organization with a billing profile: mails go to `bills@ID.example`. */
async function customer(billing: Billing, id: string): Promise<string> {
  await billing.organizations.createOrganization(OPERATOR, { id, name: id, ownerId: `${id}-owner` });
  await billing.organizations.setBillingProfile(OPERATOR, id, {
    ...{ legalName: `${id} Ltd <b>& Söhne`, address: "1 High Street", country: "GB", currency: "USD" },
    email: `bills@${id}.example`,
  });
  return id;
}

async function issued(billing: Billing, tenant: string, terms: InvoiceTermsInput = {}): Promise<InvoiceView> {
  const input = { tenant, period: "2025-01", items: ITEMS, taxRate: "0.1", dueInDays: 7, ...terms };
  const { id } = await billing.invoices.create(input);
  return billing.invoices.finalize({ tenant, invoiceId: id });
}

/** What arrives now, in short; of mails that came by themselves, those from number `before` on. */
async function deliveredOf(
  billing: Billing,
  mails: readonly ReceivedMail[],
  before = mails.length,
): Promise<string[]> {
  await billing.notifications.deliverDue();
  const fresh = mails.slice(before);
  for (const mail of fresh) expect(mail.to).toHaveLength(1);
  return fresh.map((mail) => `${mail.to[0]}: ${subjectOf(mail)}`).sort();
}

function attachedTo(mail: ReceivedMail | undefined) {
  if (mail === undefined) return expect.fail("no mail");
  const attachments = attachmentsOf(mail);
  expect(attachments.map(({ contentType }) => contentType)).toEqual(["application/pdf"]);
  return attachments[0];
}

describe.each([
  { name: "sqlite", freshUrl: freshSqliteUrl },
  { name: "postgres", freshUrl: freshPostgresUrl },
])("the delivery of invoices on $name", ({ freshUrl }) => {
  it("sends one mail with the PDF when an invoice is issued, a receipt when it is paid, a mail per credit note", async () => {
    const { smtp, billing } = await start(await freshUrl());
    const tenant = await customer(billing, "acme");
    const { id: invoiceId } = await issued(billing, tenant);
    await billing.invoices.finalize({ tenant, invoiceId });
    const document = () => billing.invoices.document({ tenant, invoiceId });
    expect(await deliveredOf(billing, smtp.mails)).toEqual([
      "bills@acme.example: Invoice INV-000001 for acme Ltd <b>& Söhne: $110.00 due on 2025-02-10",
    ]);
    const first = attachedTo(smtp.mails[0]);
    expect(first?.filename).toBe("invoice-INV-000001.pdf");
    expect(first?.content.equals(Buffer.from(await renderInvoicePdf(await document())))).toBe(true);

    const pay = (amountCents: number | undefined, reference: string) =>
      billing.invoices.pay({ tenant, invoiceId, amountCents, reference, method: "bank transfer" });
    await pay(4_000, "one");
    await pay(4_000, "one");
    expect(await deliveredOf(billing, smtp.mails)).toEqual([
      "bills@acme.example: Receipt: $40.00 for invoice INV-000001",
    ]);
    expect(smtp.mails[1]?.body).toContain("$70.00 of it is still due.");
    await pay(undefined, "two");
    await expect(pay(undefined, "three")).rejects.toMatchObject({ code: "invoice_not_payable" });
    expect(await deliveredOf(billing, smtp.mails)).toEqual([
      "bills@acme.example: Receipt: $70.00 for invoice INV-000001",
    ]);
    expect(smtp.mails[2]?.body).toContain("The invoice is paid in full.");
    const receipt = attachedTo(smtp.mails[2]);
    expect(receipt?.content.equals(Buffer.from(await renderInvoicePdf(await document())))).toBe(true);

    const line = { lineId: "L1", amountCents: 1_000 };
    const note = { tenant, invoiceId, reference: "ref \u202e ", reason: "Late <i>", lines: [line] };
    const { id: creditNoteId } = await billing.invoices.creditNote(note);
    await billing.invoices.creditNote(note);
    expect(await deliveredOf(billing, smtp.mails)).toEqual([
      "bills@acme.example: Credit note CN-000001 for invoice INV-000001: $11.00",
    ]);
    const credited = await billing.invoices.creditNoteDocument({ tenant, creditNoteId });
    const noted = attachedTo(smtp.mails[3]);
    expect(noted?.filename).toBe("credit-note-CN-000001.pdf");
    expect(noted?.content.equals(Buffer.from(await renderInvoicePdf(credited)))).toBe(true);
  });

  it("tells of an invoice that is taken back, and no more asks for its payment what was not sent by then", async () => {
    const { smtp, clock, billing } = await start(await freshUrl());
    const tenant = await customer(billing, "acme");
    const void_ = async ({ id: invoiceId }: { id: string }) =>
      billing.invoices.void({ tenant, invoiceId, reason: "wrong <b>rate" });
    const sent = await issued(billing, tenant);
    expect(await deliveredOf(billing, smtp.mails)).toHaveLength(1);
    await void_(sent);
    expect(await deliveredOf(billing, smtp.mails)).toEqual([
      "bills@acme.example: Invoice INV-000001 was taken back",
    ]);
    expect(smtp.mails[1]?.body).toContain("Reason: wrong <b>rate");
    expect(attachedTo(smtp.mails[1])?.filename).toBe("invoice-INV-000001.pdf");
    await void_(await issued(billing, tenant));
    clock.advance(24 * HOUR_MS);
    expect(await deliveredOf(billing, smtp.mails)).toEqual([
      "bills@acme.example: Invoice INV-000002 was taken back",
    ]);
    const { items } = await billing.notifications.list({ tenant, state: "dead" });
    expect(items.map(({ kind, lastError }) => [kind, lastError])).toEqual([
      ["invoice_issued", "the invoice was taken back"],
    ]);
    expect((await billing.invoices.void({ tenant, invoiceId: sent.id, reason: "again" })).status).toBe(
      "void",
    );
    expect(await deliveredOf(billing, smtp.mails)).toEqual([]);
  });

  it("sends nothing for an invoice of 0, a receipt alone for one that credit has paid, and tells the webhook where there is no address", async () => {
    const http = await startHttpSink();
    const { smtp, billing } = await start(await freshUrl(), http.url);
    const [zero, prepaid, below] = [
      await customer(billing, "zero"),
      await customer(billing, "prepaid"),
      await customer(billing, "below"),
    ];
    expect(await issued(billing, zero, { items: [] })).toMatchObject({ status: "paid", totalCents: 0 });
    const refund = [{ description: "Refund", amountCents: -500 }];
    expect((await issued(billing, below, { items: refund })).totalCents).toBeLessThan(0);
    await billing.credits.issue({ tenant: prepaid, amountCents: 50_000, type: "purchase" });
    expect((await issued(billing, prepaid)).status).toBe("paid");
    await issued(billing, "nobody");
    expect(await deliveredOf(billing, smtp.mails)).toEqual([
      "bills@prepaid.example: Receipt: $110.00 for invoice INV-000003",
    ]);
    expect(smtp.mails[0]?.body).toContain("(prepaid credit)");
    expect(http.calls.map(({ body }) => JSON.parse(body))).toMatchObject([
      { type: "invoice.issued", tenant: "nobody", data: { number: "INV-000004", amountDue: "$110.00" } },
    ]);
  });

  it("reminds over three weeks of what is open: before it is due, at once when overdue, 7 and 14 days after", async () => {
    const { smtp, clock, billing } = await start(await freshUrl());
    const ids = new Map<string, string>();
    for (const name of ["open", "payer", "part", "void", "lost", "soon"]) {
      const tenant = await customer(billing, name);
      const { id } = await issued(billing, tenant, { dueInDays: name === "soon" ? 0 : 7 });
      ids.set(tenant, id);
    }
    const of = (tenant: string) => ({ tenant, invoiceId: ids.get(tenant) as string });
    expect(await deliveredOf(billing, smtp.mails)).toHaveLength(6);
    await billing.invoices.void({ ...of("void"), reason: "wrong" });

    const sent: string[] = [];
    for (const end = clock.now() + 28 * 24 * HOUR_MS; clock.now() < end; clock.advance(12 * HOUR_MS)) {
      const now = isoInstant(clock.now());
      if (now === "2025-02-09T10:00:00.000Z") await billing.invoices.pay({ ...of("payer"), reference: "p" });
      if (now === "2025-02-11T10:00:00.000Z") {
        await billing.invoices.markUncollectible(of("lost"));
        await billing.invoices.pay({ ...of("part"), amountCents: 1_000, reference: "p" });
      }
      const before = smtp.mails.length;
      await billing.jobs.runDue();
      for (const mail of await deliveredOf(billing, smtp.mails, before))
        sent.push(`${now.slice(5, 13)} ${mail}`);
    }
    const number = (name: string) => `INV-00000${[...ids.keys()].indexOf(name) + 1}`;
    const to = (day: string, name: string, subject: string) =>
      `${day}T10 bills@${name}.example: ${subject.replace("#", number(name))}`;
    expect(sent).toEqual([
      to("02-03", "void", "Invoice # was taken back"),
      // Due on the day of its issue, all of it.
      to("02-04", "soon", "Invoice # is overdue"),
      ...["lost", "open", "part", "payer"].map((name) =>
        to("02-08", name, "Reminder: invoice # is due on 2025-02-10"),
      ),
      to("02-09", "payer", "Receipt: $110.00 for invoice #"),
      ...["open", "part"].map((name) => to("02-11", name, "Invoice # is overdue")),
      to("02-11", "part", "Receipt: $10.00 for invoice #"),
      to("02-11", "soon", "Important: Invoice # is overdue"),
      ...["open", "part"].map((name) => to("02-18", name, "Important: Invoice # is overdue")),
      to("02-18", "soon", "Urgent: Invoice # is overdue"),
      ...["open", "part"].map((name) => to("02-25", name, "Urgent: Invoice # is overdue")),
    ]);
    const last = smtp.mails.filter(({ to }) => to[0] === "bills@part.example").at(-1);
    expect(last?.body).toContain("Please pay $100.00 now.");
    expect(attachedTo(last)?.filename).toBe(`invoice-${number("part")}.pdf`);
  });

  it("reminds of invoices that were open before there were reminders, each once of all that is due by then", async () => {
    const url = await freshUrl();
    const { smtp, clock, billing } = await start(url);
    const [open, paid] = [await customer(billing, "open"), await customer(billing, "paid")];
    await issued(billing, open);
    const { id: invoiceId } = await issued(billing, paid);
    await billing.invoices.pay({ tenant: paid, invoiceId, reference: "p" });
    await deliveredOf(billing, smtp.mails);
    const store = storeAt(url);
    const words = { int: "", text: "", serial: "", table: "", keyTable: "" };
    const fill = invoiceReminders.statements(words as never).at(-1) as string;
    await store.transaction(async (tx) => {
      await tx.run("DELETE FROM invoice_reminders", []);
      await tx.run(fill, []);
    });
    await store.close();
    clock.set(OVERDUE);
    await billing.jobs.runDue();
    expect(await deliveredOf(billing, smtp.mails, 3)).toEqual([
      "bills@open.example: Important: Invoice INV-000001 is overdue",
    ]);
  });

  it("takes the latest step alone after a pause, once, also by two processes at once", async () => {
    const url = await freshUrl();
    const { smtp, clock, billing } = await start(url);
    const tenants = Array.from({ length: 10 }, (_, index) => `t${index}`);
    for (const tenant of tenants) await issued(billing, await customer(billing, tenant));
    await deliveredOf(billing, smtp.mails);
    const told = await race<number>(CHILD, url);
    expect(told.reduce((sum, count) => sum + count, 0)).toBe(10);
    clock.set(OVERDUE);
    const mails = await deliveredOf(billing, smtp.mails);
    expect(mails.map((mail) => mail.split(".example")[0]).sort()).toEqual(
      tenants.map((tenant) => `bills@${tenant}`).sort(),
    );
    expect(
      new Set(mails.map((mail) => mail.replace(/.*: (Important: )/, "$1").replace(/\d{6}/, "#"))),
    ).toEqual(new Set(["Important: Invoice INV-# is overdue"]));
    expect(smtp.mails.at(-1)?.body).toContain("8 days ago");
    await billing.jobs.runDue();
    expect(await deliveredOf(billing, smtp.mails)).toEqual([]);
  });
});
