// What a test event tells: made up, and saying so in the words that people read.

import type { NotificationKind, NotificationPayloads } from "./notification.ts";
import type { WebhookEventType } from "./webhook-events.ts";

const ORGANIZATION = "Test event";
const INVOICE = { invoiceId: "inv_test", number: "TEST", orgName: ORGANIZATION };
const INVOICE_DUE = { ...INVOICE, amountDue: "$0.00", dueAt: "2030-01-01T00:00:00Z" };

/** A payload of each kind. */
export const SAMPLES: { readonly [Kind in NotificationKind]: NotificationPayloads[Kind] } = {
  payment_failed: { orgName: ORGANIZATION, amount: "$0.00" },
  trial_ending: { orgName: ORGANIZATION, daysRemaining: 7 },
  subscription_canceled: { orgName: ORGANIZATION },
  subscription_downgraded: { orgName: ORGANIZATION, toPlan: "free" },
  budget_alert: {
    level: "info",
    currentSpend: "$50.00",
    budgetLimit: "$100.00",
    percentUsed: 50,
    budgetName: ORGANIZATION,
    orgName: ORGANIZATION,
  },
  forecast_overage: { projectedSpend: "$120.00", budgetLimit: "$100.00", orgName: ORGANIZATION },
  credit_expiring: { amount: "$0.00", expiresAt: "2030-01-01T00:00:00Z", orgName: ORGANIZATION },
  invoice_issued: { ...INVOICE_DUE, period: "2029-12" },
  payment_received: { ...INVOICE, amount: "$0.00", paidAt: "2030-01-01T00:00:00Z" },
  invoice_due: INVOICE_DUE,
  invoice_overdue: { ...INVOICE_DUE, daysOverdue: 0 },
  invoice_voided: INVOICE,
  credit_note_issued: {
    ...{ creditNoteId: "crn_test", number: "TEST", corrects: "TEST" },
    ...{ orgName: ORGANIZATION, amount: "$0.00" },
  },
};

/** The kind that an event's type tells: `budget.alert` is `budget_alert`. */
export function kindOf(type: WebhookEventType): NotificationKind {
  return type.replace(".", "_") as NotificationKind;
}
