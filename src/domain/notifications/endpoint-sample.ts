// What a test event tells: made up, and saying so in the words that people read.

import type { NotificationKind, NotificationPayloads } from "./notification.ts";
import type { WebhookEventType } from "./webhook-events.ts";

const ORGANIZATION = "Test event";

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
};

/** The kind that an event's type tells: `budget.alert` is `budget_alert`. */
export function kindOf(type: WebhookEventType): NotificationKind {
  return type.replace(".", "_") as NotificationKind;
}
