// What a subscription is at one instant. Everything here is a value: what changes it is in lifecycle.ts and due.ts.

import { DAY_MS, type Period, periodAt } from "../../kernel/index.ts";
import { type Plan, type planOf, SubscriptionTier } from "../plans/index.ts";

/**
 * `trialing` a paid tier for nothing, until the trial ends · `active` on `free`, or on a paid tier · `past_due` a paid tier
 * whose payment is open; it keeps its access · `paused` a paid tier that is not used and not charged · `canceled` the paid
 * tier has ended, and the organization is on `free`.
 */
export type SubscriptionStatus = "trialing" | "active" | "past_due" | "paused" | "canceled";

/** A tier as one version of the catalogue sells it. */
export interface PlanRef {
  readonly tier: SubscriptionTier;
  readonly planVersion: number;
}

export interface SubscriptionState extends PlanRef {
  readonly status: SubscriptionStatus;
  /** Where the periods are counted from, epoch ms. */
  readonly anchor: number;
  /** The period of a paid tier, or of a trial the trial. Of `free` the first one: the later ones follow from the anchor. */
  readonly periodStart: number;
  readonly periodEnd: number;
  /** The monthly price, in cents, at which this period was charged; 0 where nothing was. */
  readonly paid: bigint;
  /** Of the only trial there ever was. */
  readonly trialStart: number | null;
  readonly trialEnd: number | null;
  readonly isTrialExtended: boolean;
  /** How many days before its end people are told next; null: no more. */
  readonly trialNotice: number | null;
  /** What the period's end changes to; `free` is a cancellation. */
  readonly scheduled: PlanRef | null;
}

/** Finds plans. A parameter of the pure functions, so that they are the same for every catalogue. */
export type Plans = typeof planOf;

const TRIAL_DAYS = 7;
const TRIAL_DEBATES = 10;
export const TRIAL_NOTICES = [3, 1] as const;
export const TRIAL_MS = TRIAL_DAYS * DAY_MS;

const { FREE } = SubscriptionTier;
const NO_TRIAL = { trialStart: null, trialEnd: null, isTrialExtended: false, trialNotice: null } as const;

/** What an organization has from its creation, and nothing charged. */
export function firstState(plan: Plan, at: number): SubscriptionState {
  return { ...startOf(plan, at, 0n), ...NO_TRIAL };
}

/** What a plan begins with when its periods are counted from `at`. */
export function startOf(plan: Plan, at: number, paid: bigint) {
  const { start, end } = monthAt(at, at);
  const period = { anchor: at, periodStart: start, periodEnd: end, paid, scheduled: null };
  return { status: "active", tier: plan.tier, planVersion: plan.version, ...period } as const;
}

export function isFree({ tier }: PlanRef): boolean {
  return tier === FREE;
}

/** Whether the present period belongs to a paid tier that runs and will end. */
export function runsPaid({ status, tier }: SubscriptionState): boolean {
  return tier !== FREE && (status === "active" || status === "past_due");
}

/** Whether there was a trial that ended, and nothing was bought since. */
export function isTrialOver(state: SubscriptionState): boolean {
  return state.trialStart !== null && state.status === "active" && isFree(state);
}

/** The period that an instant is in; of a paused subscription the one that was cut off. */
export function periodOf(state: SubscriptionState, at: number): Period {
  const stored = { start: state.periodStart, end: state.periodEnd };
  return isFree(state) && at >= stored.end ? monthAt(at, state.anchor) : stored;
}

/** Boundary n is counted from the anchor: 31 Jan, 28 Feb, 31 Mar. */
export function monthAt(at: number, anchor: number): Period {
  return periodAt(at, "month", { anchor });
}

/** The debates per period; null: unlimited. */
export function debateLimit(state: SubscriptionState, plans: Plans): bigint | null {
  if (state.status === "trialing") return BigInt(TRIAL_DEBATES);
  const { debatesPerMonth } = plans(state.tier, state.planVersion).limits;
  return debatesPerMonth === "unlimited" ? null : BigInt(debatesPerMonth);
}

export function priceOf({ tier, planVersion }: PlanRef, plans: Plans): bigint {
  return BigInt(plans(tier, planVersion).limits.priceMonthlyCents);
}

/** One text per state: the change log keeps it, and what is stored is compared with it. */
export function stateText(state: SubscriptionState): string {
  const { status, tier, planVersion, anchor, periodStart, periodEnd, paid } = state;
  const { trialStart, trialEnd, isTrialExtended, trialNotice, scheduled } = state;
  return JSON.stringify({
    ...{ status, tier, planVersion, anchor, periodStart, periodEnd, paid: paid.toString() },
    ...{ trialStart, trialEnd, isTrialExtended, trialNotice },
    scheduled: scheduled === null ? null : { tier: scheduled.tier, planVersion: scheduled.planVersion },
  });
}

/** The state that a text of {@link stateText} is of; undefined for a text that is none. */
export function stateOfText(text: string): SubscriptionState | undefined {
  try {
    const parsed = JSON.parse(text);
    const state = { ...parsed, paid: BigInt(parsed.paid) } as SubscriptionState;
    return stateText(state) === text ? state : undefined;
  } catch {
    return undefined;
  }
}
