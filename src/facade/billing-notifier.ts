import type {
  BudgetAlertLevel,
  NotificationInput,
  NotificationPayloads,
  NotificationResult,
  NotificationService,
} from "../domain/notifications/index.ts";
import { defaultBilling } from "./default-billing.ts";

/** What the notifier needs of a `Billing`. */
export interface NotifyingBilling {
  readonly notifications: NotificationService;
}

interface To {
  readonly email: string;
  /** Whose notification it is. Absent: the tenant of `withTenant`, else the instance's. */
  readonly tenantId?: string | undefined;
}

export type PaymentFailedNotice = To & NotificationPayloads["payment_failed"];
export type TrialExpiringNotice = To & NotificationPayloads["trial_ending"];
export type SubscriptionCanceledNotice = To & NotificationPayloads["subscription_canceled"];
export type SubscriptionDowngradedNotice = To & NotificationPayloads["subscription_downgraded"];
export type ForecastOverageNotice = To & NotificationPayloads["forecast_overage"];
export type CreditsExpiringNotice = To & NotificationPayloads["credit_expiring"];
export type BudgetAlertNotice = To &
  Omit<NotificationPayloads["budget_alert"], "level"> & { readonly alertLevel: BudgetAlertLevel };

/**
 * Tells people what they must know of their bill: by mail if a server is configured, else by the operator's webhook, else
 * as a line of the log. Every method writes the notification durably and resolves to the outcome of its first try, which
 * is a result and no error; what failed is tried again for up to 72 hours while `billing.jobs` runs somewhere. All throw
 * BillingError invalid_input naming a field that is wrong.
 *
 * @example
 * const notifier = getBillingNotifier();
 * const result = await notifier.notifyTrialExpiring({
 *   email: "user@example.com", orgName: "Acme Corp", daysRemaining: 3, upgradeUrl: "https://app.example.com/upgrade",
 * });
 * result.success || result.willRetry; // true
 */
export class BillingNotifier {
  readonly #billing: NotifyingBilling;

  constructor(billing: NotifyingBilling = defaultBilling()) {
    this.#billing = billing;
  }

  /** A payment did not go through: the first attempt is a notice, the second important, from the third on urgent. */
  notifyPaymentFailed(notice: PaymentFailedNotice): Promise<NotificationResult> {
    return this.#notify(notice, (payload) => ({ kind: "payment_failed", payload }));
  }

  /** A trial ends: up to 1 day before it is urgent, up to 3 days a reminder. */
  notifyTrialExpiring(notice: TrialExpiringNotice): Promise<NotificationResult> {
    return this.#notify(notice, (payload) => ({ kind: "trial_ending", payload }));
  }

  /** A budget is used up to a level: `info`, `warning`, `critical` or `exceeded`; any other is taken as a warning. */
  notifyBudgetAlert({ alertLevel, ...notice }: BudgetAlertNotice): Promise<NotificationResult> {
    return this.#notify({ ...notice, level: alertLevel }, (payload) => ({ kind: "budget_alert", payload }));
  }

  /** A subscription was canceled. */
  notifySubscriptionCanceled(notice: SubscriptionCanceledNotice): Promise<NotificationResult> {
    return this.#notify(notice, (payload) => ({ kind: "subscription_canceled", payload }));
  }

  /** A subscription moves to a smaller plan. */
  notifySubscriptionDowngraded(notice: SubscriptionDowngradedNotice): Promise<NotificationResult> {
    return this.#notify(notice, (payload) => ({ kind: "subscription_downgraded", payload }));
  }

  /** Spending is heading above its budget. */
  notifyForecastOverage(notice: ForecastOverageNotice): Promise<NotificationResult> {
    return this.#notify(notice, (payload) => ({ kind: "forecast_overage", payload }));
  }

  /** Credits are about to expire. */
  notifyCreditsExpiring(notice: CreditsExpiringNotice): Promise<NotificationResult> {
    return this.#notify(notice, (payload) => ({ kind: "credit_expiring", payload }));
  }

  async #notify<Payload>(
    { email, tenantId, ...payload }: To & Payload,
    input: (payload: Omit<To & Payload, keyof To>) => NotificationInput,
  ): Promise<NotificationResult> {
    const notification = { ...input(payload), tenant: tenantId, recipient: { email } };
    return this.#billing.notifications.notify(notification);
  }
}
