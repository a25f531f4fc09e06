import { describe, expect, it } from "vitest";
import { attachmentsOf } from "../../../test/invoices/delivery-mails.ts";
import { startHttpSink } from "../../../test/support/http-sink.ts";
import { startSmtpSink } from "../../../test/support/smtp-sink.ts";
import { BillingError, HOUR_MS } from "../../kernel/index.ts";
import { alertFor, serviceOn, storeWithNotifications } from "./fixtures.ts";
import type { Attachments, NotificationInput } from "./index.ts";

const PDF = {
  ...{ filename: "invoice-INV-000001.pdf", contentType: "application/pdf" },
  content: Buffer.from("%PDF-"),
};
const INVOICE = {
  kind: "invoice_issued",
  tenant: "acme",
  recipient: { email: "bills@acme.example" },
  payload: {
    ...{ invoiceId: "inv_1", number: "INV-000001", orgName: "Acme", period: "2025-01" },
    ...{ amountDue: "$12.00", dueAt: "2025-03-03T00:00:00Z" },
  },
} satisfies NotificationInput;

async function boxWith(attachments: Attachments | undefined) {
  const store = await storeWithNotifications("sqlite::memory:");
  const smtp = await startSmtpSink();
  return { smtp, ...serviceOn(store, { smtpPort: smtp.port, attachments }) };
}

describe("a mail about an invoice", () => {
  it("carries what is made for it at the moment of sending, from its tenant, kind and payload", async () => {
    const asked: unknown[] = [];
    const { smtp, service } = await boxWith(async ({ tenant, kind, payload }) => {
      asked.push([tenant, kind, payload.invoiceId]);
      return [PDF];
    });
    expect(await service.notify(INVOICE)).toMatchObject({ success: true, method: "email" });
    expect(asked).toEqual([["acme", "invoice_issued", "inv_1"]]);
    expect(smtp.mails.map(({ to }) => to)).toEqual([["bills@acme.example"]]);
    expect(smtp.mails.flatMap(attachmentsOf)).toEqual([PDF]);
  });

  it.each<[string, Attachments | undefined, string]>([
    ["fails", () => Promise.reject(new Error("secret")), "the attachment could not be made"],
    [
      "is refused",
      () => Promise.reject(new BillingError("not_found", "invoice_not_found", "no invoice")),
      "the attachment could not be made: invoice_not_found",
    ],
    [
      "throws",
      () => {
        throw new Error("secret");
      },
      "the attachment could not be made",
    ],
    ["makes nothing", async () => [], "there is no attachment"],
    ["is absent", undefined, "there is no attachment"],
  ])("is tried again, and not sent without it, when its maker %s", async (_, maker, error) => {
    let mended: Attachments | undefined;
    const isAbsent = maker === undefined;
    const { smtp, service, clock } = await boxWith(
      isAbsent ? undefined : (notification) => (mended ?? maker)(notification),
    );
    expect(await service.notify(INVOICE)).toMatchObject({ success: false, error, willRetry: true });
    clock.advance(HOUR_MS);
    expect(await service.deliverDue()).toMatchObject({ failed: 1, delivered: 0 });
    expect(smtp.mails).toEqual([]);
    // It is nothing of the mail server's: others are not held up.
    const other = alertFor("acme", { recipient: { email: "cfo@acme.example" } });
    expect(await service.notify(other)).toMatchObject({ success: true });
    if (isAbsent) return;
    mended = async () => [PDF];
    clock.advance(HOUR_MS);
    expect(await service.deliverDue()).toMatchObject({ delivered: 1 });
    expect(smtp.mails.flatMap(attachmentsOf)).toEqual([PDF]);
  });

  it("is given up when what it says is no longer so", async () => {
    const { smtp, service } = await boxWith(async () => "withdrawn");
    expect(await service.notify(INVOICE)).toMatchObject({
      ...{ success: false, error: "the invoice was taken back", willRetry: false },
    });
    expect(smtp.mails).toEqual([]);
  });

  it("is the only one that carries something, and no call of a webhook asks for it", async () => {
    const http = await startHttpSink();
    const store = await storeWithNotifications("sqlite::memory:");
    const smtp = await startSmtpSink();
    let asked = 0;
    const { service } = serviceOn(store, {
      ...{ smtpPort: smtp.port, globalUrl: http.url },
      attachments: async () => {
        asked += 1;
        return [PDF];
      },
    });
    await service.notify(alertFor("acme", { recipient: { email: "cfo@acme.example" } }));
    const { recipient: _, ...unaddressed } = INVOICE;
    expect(await service.notify(unaddressed)).toMatchObject({ success: true, method: "webhook" });
    const payload = {
      ...{ creditNoteId: "crn_1", number: "CN-000001", corrects: "INV-000001" },
      ...{ orgName: "Acme", amount: "$1" },
    };
    await service.notify({ kind: "credit_note_issued", tenant: "acme", payload });
    expect([asked, smtp.mails.flatMap(attachmentsOf)]).toEqual([0, []]);
    const [issued, credited] = http.calls.map(({ body }) => JSON.parse(body));
    expect(issued).toMatchObject({
      type: "invoice.issued",
      data: INVOICE.payload.number && { number: "INV-000001" },
    });
    expect(credited).toMatchObject({ type: "credit_note.issued", data: { creditNoteId: "crn_1" } });
  });
});
