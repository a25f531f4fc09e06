// Invoices as callers see them. Money is integer cents of `currency`.

import { isoInstant } from "../../kernel/index.ts";
import type { Draft } from "./draft.ts";
import { amountDue, type InvoiceContent, type InvoiceStatus, type StoredInvoice } from "./invoice.ts";
import type { IssuedDocument } from "./invoice-store.ts";
import type { CreditNoteContent, IssuedNote } from "./settlement.ts";

/** An invoice without its lines. */
export interface InvoiceSummary {
  readonly id: string;
  readonly tenant: string;
  /** Null for a draft. */
  readonly number: string | null;
  /** `2025-01` */
  readonly period: string;
  readonly status: InvoiceStatus;
  /** Finalized, not settled, and its due date has passed. */
  readonly isOverdue: boolean;
  readonly currency: string;
  /** 0 for a draft: look at its content. */
  readonly totalCents: number;
  readonly creditsAppliedCents: number;
  readonly paidCents: number;
  /** What credit notes took off what was due. */
  readonly creditedCents: number;
  readonly amountDueCents: number;
  readonly createdAt: string;
  readonly finalizedAt: string | null;
  readonly dueAt: string | null;
  readonly settledAt: string | null;
}

/** An invoice. Of a draft, its content as of now; of an issued one, as it was issued. */
export interface InvoiceView extends InvoiceSummary {
  readonly content: InvoiceContent;
}

export interface CreditNoteView {
  readonly id: string;
  readonly number: string;
  readonly invoiceId: string;
  readonly issuedAt: string;
  readonly content: CreditNoteContent;
}

export function summaryView(invoice: StoredInvoice, number: string | null, now: number): InvoiceSummary {
  const { id, tenant, status, periodStart, createdAt, finalizedAt, dueAt, settledAt } = invoice;
  const iso = (at: number | null) => (at === null ? null : isoInstant(at));
  return {
    ...{ id, tenant, number, period: isoInstant(periodStart).slice(0, 7), status },
    isOverdue: status === "finalized" && dueAt !== null && dueAt <= now,
    ...{ currency: "USD", totalCents: Number(invoice.total), creditsAppliedCents: Number(invoice.credited) },
    ...{ paidCents: Number(invoice.paid), creditedCents: Number(invoice.noted) },
    ...{ amountDueCents: Number(amountDue(invoice)), createdAt: isoInstant(createdAt) },
    ...{ finalizedAt: iso(finalizedAt), dueAt: iso(dueAt), settledAt: iso(settledAt) },
  };
}

/** What a draft says now: with the credit that would pay it. */
export function draftContent({ content, creditsAvailable }: Draft): InvoiceContent {
  const { total } = content;
  return {
    ...content,
    creditsApplied: total > 0 ? Math.min(total, Number(creditsAvailable)) : 0,
    creditsIssued: total < 0 ? -total : 0,
  };
}

export function noteView({
  id,
  number,
  invoice,
  issuedAt,
  ...stored
}: IssuedDocument<IssuedNote>): CreditNoteView {
  const { request: _, ...content } = stored.content;
  return { id, number, invoiceId: invoice, issuedAt: isoInstant(issuedAt), content };
}
