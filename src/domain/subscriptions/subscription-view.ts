// What callers get: cents as whole numbers, times as Date.

import { planOf, type SubscriptionTier } from "../plans/index.ts";
import type { Outcome } from "./lifecycle.ts";
import { type LineTerms, type SubscriptionLine, totalOf } from "./line.ts";
import { periodOf, type SubscriptionState, type SubscriptionStatus } from "./state.ts";
import { SUBSCRIPTION_CURRENCY } from "./subscription-store.ts";

/** What an organization has bought, as of now: what is due by now counts as done. */
export interface SubscriptionView {
  readonly tenant: string;
  readonly status: SubscriptionStatus;
  readonly tier: SubscriptionTier;
  /** The version of the plans by which it was sold; renewals keep it. */
  readonly planVersion: number;
  readonly priceMonthlyCents: number;
  /** Half open. Of a trial: the trial. Of a paused subscription: the one that it was paused in. */
  readonly periodStart: Date;
  readonly periodEnd: Date;
  /** What the period's end changes; a cancellation is a change to `free`. */
  readonly scheduled: { readonly tier: SubscriptionTier; readonly at: Date } | null;
  /** The one trial that an organization has, when it was begun. */
  readonly trial: { readonly start: Date; readonly end: Date; readonly isExtended: boolean } | null;
}

/** What a line is for and how much it is. */
export interface LineView {
  readonly kind: "charge" | "credit";
  readonly tier: SubscriptionTier;
  readonly planVersion: number;
  /** [from, to) of the period. */
  readonly from: Date;
  readonly to: Date;
  readonly periodStart: Date;
  readonly periodEnd: Date;
  /** Negative in a credit. */
  readonly amountCents: number;
  readonly currency: string;
  readonly description: string;
}

/** A line on record, for ever. */
export interface SubscriptionLineView extends LineView {
  readonly id: string;
  readonly tenant: string;
  /** 1, 2, 3 … of its organization. */
  readonly number: number;
  /** When it was made: of a renewal the start of its period. */
  readonly at: Date;
}

/** What a change would make, or has made, of a subscription. */
export interface SubscriptionChangeView {
  readonly subscription: SubscriptionView;
  readonly lines: readonly LineView[];
  /** The lines' sum; negative: it gives more back than it charges. */
  readonly totalCents: number;
  /** Now, or the end of the period. */
  readonly effectiveAt: Date;
}

export function subscriptionView(tenant: string, state: SubscriptionState, at: number): SubscriptionView {
  const { status, tier, planVersion, scheduled, trialStart, trialEnd, isTrialExtended } = state;
  const { start, end } = periodOf(state, at);
  const { priceMonthlyCents } = planOf(tier, planVersion).limits;
  return {
    ...{ tenant, status, tier, planVersion, priceMonthlyCents },
    ...{ periodStart: new Date(start), periodEnd: new Date(end) },
    scheduled: scheduled === null ? null : { tier: scheduled.tier, at: new Date(end) },
    trial:
      trialStart === null || trialEnd === null
        ? null
        : { start: new Date(trialStart), end: new Date(trialEnd), isExtended: isTrialExtended },
  };
}

export function changeView(tenant: string, outcome: Outcome, at: number): SubscriptionChangeView {
  return {
    subscription: subscriptionView(tenant, outcome.next, at),
    lines: outcome.lines.map(termsView),
    totalCents: Number(totalOf(outcome.lines)),
    effectiveAt: new Date(outcome.effectiveAt),
  };
}

export function lineView(line: SubscriptionLine): SubscriptionLineView {
  const { id, tenant, number, at } = line;
  return { id, tenant, number, ...termsView(line), at: new Date(at) };
}

function termsView(line: LineTerms): LineView {
  const { kind, tier, planVersion, from, to, periodStart, periodEnd, amount, description } = line;
  return {
    ...{ kind, tier, planVersion, from: new Date(from), to: new Date(to) },
    ...{ periodStart: new Date(periodStart), periodEnd: new Date(periodEnd) },
    ...{ amountCents: Number(amount), currency: SUBSCRIPTION_CURRENCY, description },
  };
}
