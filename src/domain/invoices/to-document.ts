// Invoices and credit notes as documents: what is printed of them, in major units.

import { formatMinor } from "../../kernel/index.ts";
import type { DocumentParty, DocumentSeller, InvoiceDocument } from "./document.ts";
import type { Party } from "./invoice.ts";
import type { CreditNoteView, InvoiceView } from "./invoice-view.ts";

/** An invoice as it is sent; a draft's says that it is one. */
export function documentOfInvoice(invoice: InvoiceView): InvoiceDocument {
  const { content, number, status, finalizedAt, dueAt, period } = invoice;
  const { currency } = content;
  const money = (cents: number) => formatMinor(BigInt(cents), currency);
  const isDraft = status === "draft";
  const { totalCents, creditsAppliedCents, paidCents, creditedCents } = invoice;
  const givenUp =
    status === "uncollectible" ? totalCents - creditsAppliedCents - paidCents - creditedCents : 0;
  return {
    ...{ kind: "invoice", number: number ?? "DRAFT", status, currency, corrects: null },
    ...{ issuedOn: dayOf(finalizedAt), dueOn: dayOf(dueAt), period: spanOf(period) },
    ...{ seller: sellerOf(content.seller), buyer: partyOf(content.buyer) },
    lines: content.lines.map((line) => ({
      ...{ id: line.id, description: line.description, detail: line.detail === "" ? null : line.detail },
      ...{ quantity: line.quantity, unit: line.unit, unitPrice: line.unitPrice },
      ...{ taxRate: line.taxPercent, amount: money(line.amount) },
    })),
    adjustments: content.discounts.map(({ description, amount }) => ({ description, amount: money(amount) })),
    subtotal: money(content.subtotal),
    taxes: content.taxes.map(({ percent, base, amount, note }) => ({
      ...{ rate: percent, base: money(base), amount: money(amount), note },
    })),
    total: money(content.total),
    credits: [
      ...(content.creditsApplied === 0
        ? []
        : [{ description: "Prepaid credit", amount: money(-content.creditsApplied) }]),
      ...(content.creditsIssued === 0
        ? []
        : [{ description: "Put on the credit balance", amount: money(content.creditsIssued) }]),
      ...(invoice.creditedCents === 0
        ? []
        : [{ description: "Credit notes", amount: money(-invoice.creditedCents) }]),
      ...(givenUp === 0 ? [] : [{ description: "Written off", amount: money(-givenUp) }]),
    ],
    amountPaid: money(invoice.paidCents),
    amountDue: money(isDraft ? Math.max(0, content.total - content.creditsApplied) : invoice.amountDueCents),
    ...{ paymentInstructions: content.paymentInstructions, notes: content.notes },
  };
}

/** A credit note as it is sent, with the invoice that it corrects. Its amounts are what is taken back. */
export function documentOfCreditNote({ number, issuedAt, content }: CreditNoteView): InvoiceDocument {
  const { currency, corrects, offDue, refunded, returned, expired, refundTo } = content;
  const money = (cents: number) => formatMinor(BigInt(cents), currency);
  const back = [
    [`Taken off ${corrects}`, offDue],
    ["Paid back", refundTo === "payment" ? refunded : 0],
    ["Put on the credit balance", returned - expired + (refundTo === "credits" ? refunded : 0)],
    ["Credit that has ended", expired],
  ] as const;
  return {
    ...{ kind: "credit_note", number, status: "finalized", currency, corrects },
    ...{ issuedOn: dayOf(issuedAt), dueOn: null, period: null },
    ...{ seller: sellerOf(content.seller), buyer: partyOf(content.buyer) },
    lines: content.lines.map(({ lineId, description, amount, taxPercent }) => ({
      ...{ id: lineId, description, detail: null, quantity: null, unit: null, unitPrice: null },
      ...{ taxRate: taxPercent, amount: money(amount) },
    })),
    ...{ adjustments: [], subtotal: money(content.net) },
    taxes: content.taxes.map(({ percent, base, amount, note }) => ({
      ...{ rate: percent, base: money(base), amount: money(amount), note },
    })),
    total: money(content.total),
    credits: back
      .filter(([, cents]) => cents !== 0)
      .map(([description, cents]) => ({ description, amount: money(-cents) })),
    ...{ amountPaid: money(0), amountDue: money(0), paymentInstructions: null, notes: [content.reason] },
  };
}

/** The day of an ISO instant, in UTC. */
function dayOf(at: string | null): string | null {
  return at === null ? null : at.slice(0, 10);
}

/** `2025-02` as its first and last day. */
function spanOf(period: string): { from: string; to: string } {
  const [year, month] = period.split("-").map(Number) as [number, number];
  return { from: `${period}-01`, to: new Date(Date.UTC(year, month, 0)).toISOString().slice(0, 10) };
}

function sellerOf(seller: Party | null): DocumentSeller {
  const nobody = { name: "", address: [], country: null, taxId: null, email: null };
  return { ...partyOf(seller ?? nobody), logo: null };
}

function partyOf({ name, address, country, taxId, email }: Party): DocumentParty {
  return { name, address: country === null ? address : [...address, country], taxId, email };
}
