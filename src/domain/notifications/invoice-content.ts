// The words about invoices. The document itself is attached where they go by mail.

import type { InvoiceKind } from "./attachment.ts";
import type { Content } from "./content.ts";
import type { Payload } from "./payload.ts";

const IN_PAYMENT = "If it has been paid already, you need do nothing.";

export const INVOICE_WORDS: Readonly<Record<InvoiceKind, (payload: Payload) => Content>> = {
  invoice_issued({ number, orgName, period, amountDue, dueAt }) {
    const due = `${amountDue} due on ${day(dueAt)}`;
    return {
      subject: `Invoice ${number} for ${orgName}: ${due}`,
      lines: [`Invoice ${number} for ${orgName}, period ${period}.`, `Amount: ${due}.`],
    };
  },
  payment_received({ number, orgName, amount, paidAt, method, amountDue }) {
    const by = method === undefined ? "" : ` (${method})`;
    const left =
      amountDue === undefined ? "The invoice is paid in full." : `${amountDue} of it is still due.`;
    return {
      subject: `Receipt: ${amount} for invoice ${number}`,
      lines: [
        `We received ${amount}${by} for invoice ${number} of ${orgName} on ${day(paidAt)}.`,
        `${left} Thank you.`,
      ],
    };
  },
  invoice_due({ number, orgName, amountDue, dueAt }) {
    return {
      subject: `Reminder: invoice ${number} is due on ${day(dueAt)}`,
      lines: [`Invoice ${number} for ${orgName}: ${amountDue} is due on ${day(dueAt)}.`, IN_PAYMENT],
    };
  },
  invoice_overdue({ number, orgName, amountDue, dueAt, daysOverdue }) {
    const days = Number(daysOverdue);
    const prefix = days >= 14 ? "Urgent: " : days >= 7 ? "Important: " : "";
    const since = days === 0 ? "" : days === 1 ? ", 1 day ago" : `, ${days} days ago`;
    return {
      subject: `${prefix}Invoice ${number} is overdue`,
      lines: [
        `Invoice ${number} for ${orgName} was due on ${day(dueAt)}${since}.`,
        `Please pay ${amountDue} now. ${IN_PAYMENT}`,
      ],
    };
  },
  invoice_voided({ number, orgName, reason }) {
    return {
      subject: `Invoice ${number} was taken back`,
      lines: [
        `Invoice ${number} for ${orgName} was taken back: nothing is to be paid on it.`,
        ...(reason === undefined ? [] : [`Reason: ${reason}`]),
      ],
    };
  },
  credit_note_issued({ number, corrects, orgName, amount, reason }) {
    return {
      subject: `Credit note ${number} for invoice ${corrects}: ${amount}`,
      lines: [
        `Credit note ${number} of ${amount} corrects invoice ${corrects} of ${orgName}.`,
        ...(reason === undefined ? [] : [`Reason: ${reason}`]),
      ],
    };
  },
};

function day(instant: string | number | undefined): string {
  return String(instant).slice(0, 10);
}
