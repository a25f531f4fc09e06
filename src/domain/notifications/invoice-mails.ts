// What people must hear of invoices becomes notifications in the transaction that makes it so.

import { BillingError, type Clock, formatMinor, type Ids, isoInstant } from "../../kernel/index.ts";
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
import { type Notification, type NotificationInput, newNotification } from "./notification.ts";
import { oneLine } from "./text.ts";

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
      ...{ method: lineOf(notice.method, MAX_NAME) },
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
    const payload = { ...invoiceOf(notice), reason: lineOf(notice.reason, MAX_REASON) };
    return this.#write(tx, notice, { kind: "invoice_voided", payload, dedupKey: keyOf(notice, "void") });
  }

  credited(tx: Tx, notice: CreditNotice): Promise<void> {
    const { creditNoteId, number, corrects, currency, amount, reason } = notice;
    const payload = {
      ...{ creditNoteId, number, corrects, orgName: nameOf(notice) },
      ...{ amount: amountText(amount, currency), reason: lineOf(reason, MAX_REASON) },
    };
    return this.#write(tx, notice, {
      ...{ kind: "credit_note_issued", payload, dedupKey: `credit_note:${number}` },
    });
  }

  async #write(tx: Tx, { tenant, buyer }: Addressee, mail: InvoiceMail): Promise<void> {
    const notification = this.#notification({ ...mail, tenant }, buyer.email);
    await enqueueNotifications(tx, [notification], this.#clock.now());
  }

  #notification(input: InvoiceMail, email: string | null): Notification {
    if (email === null) return newNotification(input, this.#ids);
    try {
      return newNotification({ ...input, recipient: { email } }, this.#ids);
    } catch (error) {
      // The invoice is issued: an address that takes no mail must not stand in its way.
      if (!(error instanceof BillingError)) throw error;
      return newNotification(input, this.#ids);
    }
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
  return lineOf(buyer.name, MAX_NAME) ?? lineOf(tenant, MAX_NAME) ?? "(no name)";
}

/** Fit to be written, however long it is; undefined when nothing is left of it. */
function lineOf(text: string, longest: number): string | undefined {
  const line = oneLine(text).slice(0, longest).toWellFormed();
  return line === "" ? undefined : line;
}

function amountText(amount: bigint, currency: string): string {
  const text = formatMinor(amount, currency);
  return currency === "USD" ? `$${text}` : `${text} ${currency}`;
}
