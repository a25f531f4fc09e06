// What people must hear of invoices becomes notifications in the transaction that makes it so.

import { type Clock, formatMinor, type Ids, isoInstant } from "../../kernel/index.ts";
import type { Tx } from "../../store/index.ts";
import type {
  CreditNotice,
  InvoiceNotice,
  InvoiceNotices,
  OverdueNotice,
  PaymentNotice,
  VoidNotice,
} from "../invoices/index.ts";
import type { InvoiceKind } from "./attachment.ts";
import { enqueueNotifications } from "./enqueue.ts";
import { type NotificationInput, newNotice } from "./notification.ts";
import { fitLine } from "./text.ts";

const [MAX_NAME, MAX_REASON] = [200, 500];

type InvoiceMail = Extract<NotificationInput, { readonly kind: InvoiceKind }>;

/** Each once: to the buyer's address as it was issued; without one, to the operator's webhook or the log. */
export class InvoiceMails implements InvoiceNotices {
  readonly #clock: Clock;
  readonly #ids: Ids;

  constructor(deps: { readonly clock: Clock; readonly ids: Ids }) {
    this.#clock = deps.clock;
    this.#ids = deps.ids;
  }

  issued(tx: Tx, notice: InvoiceNotice): Promise<void> {
    const payload = { ...invoiceOf(notice), period: notice.period, ...dueOf(notice) };
    return this.#write(tx, notice, { kind: "invoice_issued", payload, dedupKey: keyOf(notice, "issued") });
  }

  paid(tx: Tx, notice: PaymentNotice): Promise<void> {
    const { currency, amount, paidAt, amountDue } = notice;
    const payload = {
      ...{ ...invoiceOf(notice), amount: amountText(amount, currency), paidAt: isoInstant(paidAt) },
      ...{ method: fitLine(notice.method, MAX_NAME) },
      ...{ amountDue: amountDue === 0n ? undefined : amountText(amountDue, currency) },
    };
    const dedupKey = keyOf(notice, `paid:${notice.payment}`);
    return this.#write(tx, notice, { kind: "payment_received", payload, dedupKey });
  }

  due(tx: Tx, notice: InvoiceNotice): Promise<void> {
    const payload = { ...invoiceOf(notice), ...dueOf(notice) };
    return this.#write(tx, notice, { kind: "invoice_due", payload, dedupKey: keyOf(notice, "due") });
  }

  overdue(tx: Tx, notice: OverdueNotice): Promise<void> {
    const payload = { ...invoiceOf(notice), ...dueOf(notice), daysOverdue: notice.daysOverdue };
    const dedupKey = keyOf(notice, `overdue:${notice.step}`);
    return this.#write(tx, notice, { kind: "invoice_overdue", payload, dedupKey });
  }

  voided(tx: Tx, notice: VoidNotice): Promise<void> {
    const payload = { ...invoiceOf(notice), reason: fitLine(notice.reason, MAX_REASON) };
    return this.#write(tx, notice, { kind: "invoice_voided", payload, dedupKey: keyOf(notice, "void") });
  }

  credited(tx: Tx, notice: CreditNotice): Promise<void> {
    const { creditNoteId, number, corrects, currency, amount, reason } = notice;
    const payload = {
      ...{ creditNoteId, number, corrects, orgName: nameOf(notice) },
      ...{ amount: amountText(amount, currency), reason: fitLine(reason, MAX_REASON) },
    };
    return this.#write(tx, notice, {
      ...{ kind: "credit_note_issued", payload, dedupKey: `credit_note:${number}` },
    });
  }

  async #write(tx: Tx, { tenant, buyer }: Addressee, mail: InvoiceMail): Promise<void> {
    const recipient = buyer.email === null ? undefined : { email: buyer.email };
    const notice = newNotice({ ...mail, tenant }, recipient, this.#ids);
    await enqueueNotifications(tx, [notice], this.#clock.now());
  }
}

type Addressee = Pick<InvoiceNotice, "tenant" | "buyer">;

function invoiceOf(notice: InvoiceNotice) {
  return { invoiceId: notice.invoiceId, number: notice.number, orgName: nameOf(notice) };
}

function dueOf({ amountDue, currency, dueAt }: InvoiceNotice) {
  return { amountDue: amountText(amountDue, currency), dueAt: isoInstant(dueAt) };
}

function keyOf({ invoiceId }: InvoiceNotice, step: string): string {
  return `invoice:${invoiceId}:${step}`;
}

function nameOf({ tenant, buyer }: Addressee): string {
  return fitLine(buyer.name, MAX_NAME) ?? fitLine(tenant, MAX_NAME) ?? "(no name)";
}

function amountText(amount: bigint, currency: string): string {
  const text = formatMinor(amount, currency);
  return currency === "USD" ? `$${text}` : `${text} ${currency}`;
}
