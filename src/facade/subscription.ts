// The specification's model of a subscription, and how the engine's record reads as it.

import type { Billing } from "../billing.ts";
import type { SubscriptionTier } from "../domain/plans/index.ts";
import type {
  SubscriptionService,
  SubscriptionStatus,
  SubscriptionView,
} from "../domain/subscriptions/index.ts";
import { type Clock, DAY_MS } from "../kernel/index.ts";
import { defaultBilling } from "./default-billing.ts";

/** What is needed of a `Billing`. */
export interface SubscribingBilling extends Pick<Billing, "clock"> {
  readonly subscriptions: SubscriptionService;
}

/** What an organization has bought, as of when it was read. */
export interface Subscription {
  readonly orgId: string;
  readonly tier: SubscriptionTier;
  readonly status: SubscriptionStatus;
  readonly currentPeriodStart: Date;
  readonly currentPeriodEnd: Date;
  /** Whether the period's end brings it to `free`. */
  readonly cancelAtPeriodEnd: boolean;
  /** Of the only trial of an organization; null: it had none. */
  readonly trialStart: Date | null;
  readonly trialEnd: Date | null;
  readonly isTrialing: boolean;
  /** Active or trialing. */
  readonly isActive: boolean;
  /** Whole days of 24 hours until the period's end, never below 0. */
  readonly daysUntilRenewal: number;
}

/**
 * The subscription of an organization.
 *
 * @throws BillingError not_found `organization_not_found`.
 * @example
 * const { tier, daysUntilRenewal } = await getSubscription("org_123");
 */
export async function getSubscription(
  orgId: string,
  billing: SubscribingBilling = defaultBilling(),
): Promise<Subscription> {
  const view = await billing.subscriptions.get({ kind: "system", id: "get_subscription" }, orgId);
  return subscriptionOf(view, billing.clock);
}

function subscriptionOf(view: SubscriptionView, clock: Clock): Subscription {
  const { tenant, tier, status, periodStart, periodEnd, scheduled, trial } = view;
  const days = Math.floor((periodEnd.getTime() - clock.now()) / DAY_MS);
  const isTrialing = status === "trialing";
  return {
    ...{ orgId: tenant, tier, status, currentPeriodStart: periodStart, currentPeriodEnd: periodEnd },
    cancelAtPeriodEnd: scheduled?.tier === "free",
    ...{ trialStart: trial?.start ?? null, trialEnd: trial?.end ?? null },
    ...{ isTrialing, isActive: isTrialing || status === "active" },
    daysUntilRenewal: Math.max(0, days),
  };
}
