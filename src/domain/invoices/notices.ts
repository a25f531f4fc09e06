// What people must hear of invoices, told in the transaction that makes it so.

import { digest, isoInstant } from "../../kernel/index.ts";
import type { Tx } from "../../store/index.ts";
import {
  amountDue,
  amountLeft,
  INVOICE_CURRENCY,
  type InvoiceContent,
  type Party,
  type StoredInvoice,
} from "./invoice.ts";
import type { IssuedDocument } from "./invoice-store.ts";
import type { CreditNoteContent } from "./settlement.ts";

/** An issued invoice, as its notices tell of it. Amounts are whole minor units of `currency`. */
export interface InvoiceNotice {
  readonly tenant: string;
  readonly invoiceId: string;
  readonly number: string;
  /** `2025-01` */
  readonly period: string;
  readonly currency: string;
  readonly amountDue: bigint;
  /** Epoch ms. */
  readonly dueAt: number;
  /** As it was when the invoice was issued. */
  readonly buyer: Party;
}

export interface PaymentNotice extends InvoiceNotice {
  /** Unique within the invoice; letters and digits. */
  readonly payment: string;
  readonly amount: bigint;
  /** Epoch ms. */
  readonly paidAt: number;
  /** '' where it is not known. */
  readonly method: string;
}

export interface VoidNotice extends InvoiceNotice {
  readonly reason: string;
}

export interface OverdueNotice extends InvoiceNotice {
  /** Which of the reminders: the days after the due date that it is meant for. */
  readonly step: number;
  /** Whole days since the due date. */
  readonly daysOverdue: number;
}

export interface CreditNotice {
  readonly tenant: string;
  readonly creditNoteId: string;
  readonly number: string;
  /** The number of the invoice that it corrects. */
  readonly corrects: string;
  readonly currency: string;
  readonly amount: bigint;
  readonly reason: string;
  readonly buyer: Party;
}

/** Port: where notices go. It writes in the transaction that it is given, and each notice once. */
export interface InvoiceNotices {
  issued(tx: Tx, notice: InvoiceNotice): Promise<void>;
  paid(tx: Tx, notice: PaymentNotice): Promise<void>;
  credited(tx: Tx, notice: CreditNotice): Promise<void>;
  /** It was taken back: nothing is due on it. */
  voided(tx: Tx, notice: VoidNotice): Promise<void>;
  /** It will be due soon. */
  due(tx: Tx, notice: InvoiceNotice): Promise<void>;
  overdue(tx: Tx, notice: OverdueNotice): Promise<void>;
}

/** What is needed of a document to tell of it. */
export type Told<Content> = Pick<IssuedDocument<Content>, "number" | "content">;

/**
 * Tells of an invoice that was just issued. One that credit has paid at once has a receipt instead; one with nothing to pay
 * has neither.
 */
export async function tellIssued(
  invoice: StoredInvoice,
  document: Told<InvoiceContent>,
  notices: InvoiceNotices,
  tx: Tx,
): Promise<void> {
  const { total, credited, settledAt } = invoice;
  if (total <= 0n) return;
  const notice = noticeOf(invoice, document);
  if (settledAt !== null) {
    const receipt = { payment: "credits", amount: credited, paidAt: settledAt, method: "prepaid credit" };
    return notices.paid(tx, { ...notice, ...receipt });
  }
  await notices.issued(tx, notice);
}

/** Tells of a payment, in part or whole; `invoice` is as it stands after it. */
export async function tellPaid(
  invoice: StoredInvoice,
  document: Told<InvoiceContent>,
  payment: {
    readonly reference: string;
    readonly amount: bigint;
    readonly at: number;
    readonly method: string;
  },
  notices: InvoiceNotices,
  tx: Tx,
): Promise<void> {
  const { reference, amount, at: paidAt, method } = payment;
  const receipt = { payment: digest(reference), amount, paidAt, method };
  // Of a given-up invoice nothing is due, but a part of it is not all of it.
  await notices.paid(tx, { ...noticeOf(invoice, document), amountDue: amountLeft(invoice), ...receipt });
}

/** Tells that an invoice was taken back, whoever was told that it was issued. */
export async function tellVoided(
  invoice: StoredInvoice,
  document: Told<InvoiceContent>,
  reason: string,
  notices: InvoiceNotices,
  tx: Tx,
): Promise<void> {
  if (invoice.total > 0n) await notices.voided(tx, { ...noticeOf(invoice, document), reason });
}

/** Tells of a credit note. */
export async function tellCredited(
  { tenant, id: creditNoteId, number, content }: Told<CreditNoteContent> & { tenant: string; id: string },
  notices: InvoiceNotices,
  tx: Tx,
): Promise<void> {
  const { corrects, currency, total, reason, buyer } = content;
  const amount = BigInt(total);
  await notices.credited(tx, { tenant, creditNoteId, number, corrects, currency, amount, reason, buyer });
}

/** What notices say of an issued invoice as it stands. */
export function noticeOf(invoice: StoredInvoice, { number, content }: Told<InvoiceContent>): InvoiceNotice {
  const { tenant, id: invoiceId, periodStart, dueAt } = invoice;
  if (dueAt === null) throw new Error(`invoice ${invoiceId} is a draft`);
  const period = isoInstant(periodStart).slice(0, 7);
  const { buyer } = content;
  return {
    ...{ tenant, invoiceId, number, period, currency: INVOICE_CURRENCY },
    ...{ amountDue: amountDue(invoice), dueAt, buyer },
  };
}
