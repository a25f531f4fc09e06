// The lifecycle: what can be asked of a subscription in which state, and what comes of it. One pure function from a state, a
// change and an instant, which a preview shows and a commit writes. The state must be the one of that instant (due.ts).

import { BillingError } from "../../kernel/index.ts";
import { type Plan, SubscriptionTier } from "../plans/index.ts";
import { type LineTerms, linesBetween } from "./line.ts";
import type { NoticeTerms } from "./notice.ts";
import {
  isFree,
  type PlanRef,
  type Plans,
  priceOf,
  runsPaid,
  type SubscriptionState,
  startOf,
  TRIAL_MS,
  TRIAL_NOTICES,
} from "./state.ts";

/** When a change takes effect. */
export type When = "now" | "period_end";

/** What people and operators ask for. */
export type SubscriptionChange =
  /** A paid tier for nothing, for 7 days and 10 debates; once per organization, for ever. Default `professional`. */
  | { readonly kind: "start_trial"; readonly tier?: SubscriptionTier | undefined }
  /** 7 days more, once. */
  | { readonly kind: "extend_trial" }
  /** Begins the first paid period now. Default: the tier of the trial. */
  | { readonly kind: "convert_trial"; readonly tier?: SubscriptionTier | undefined }
  /** Another paid tier. From `free`, and up: now. Down: at the period's end, or now where an operator asks so. */
  | { readonly kind: "change_plan"; readonly tier: SubscriptionTier; readonly when?: When | undefined }
  /** To `free`: at the period's end, or now, without a refund. A trial, or what is paused, ends now. */
  | { readonly kind: "cancel"; readonly when?: When | undefined }
  /** Withdraws what is scheduled for the period's end. */
  | { readonly kind: "resume" }
  /** Gives the rest of the period back as a credit line; nothing is charged until it is unpaused. */
  | { readonly kind: "pause" }
  /** Begins a paid period now, at the terms of before. */
  | { readonly kind: "unpause" }
  | { readonly kind: "mark_past_due" }
  | { readonly kind: "mark_paid" };

export type ChangeKind = SubscriptionChange["kind"];

/** A tier given by hand, or the end of the organization: beside the lifecycle, possible in every state, without lines. */
export type DirectChange =
  | { readonly kind: "set_tier"; readonly tier: SubscriptionTier }
  | { readonly kind: "end" };

export interface Outcome {
  readonly next: SubscriptionState;
  readonly lines: readonly LineTerms[];
  readonly effectiveAt: number;
  readonly notice: NoticeTerms | null;
}

/** A status, with `active` split into what it may be of. */
type Situation = "free" | SubscriptionState["status"];

/** What is possible in which state; all else is refused. */
export const POSSIBLE: Readonly<Record<Situation, readonly ChangeKind[]>> = Object.freeze({
  free: ["start_trial", "change_plan"],
  canceled: ["start_trial", "change_plan"],
  trialing: ["extend_trial", "convert_trial", "cancel"],
  active: ["change_plan", "cancel", "resume", "pause", "mark_past_due"],
  past_due: ["cancel", "resume", "mark_paid"],
  paused: ["unpause", "cancel"],
});

/**
 * What a change makes of a state at an instant.
 *
 * @throws BillingError failed_precondition `transition_refused` naming the state and what is possible in it, `trial_used`,
 * `trial_extended`, `nothing_scheduled`, `change_scheduled`, `nothing_to_change`; invalid_input naming the field.
 */
export function decide(
  state: SubscriptionState,
  change: SubscriptionChange,
  at: number,
  plans: Plans,
): Outcome {
  requirePossible(state, change.kind);
  const made = outcomeOf(state, change, at, plans);
  return { ...made, lines: linesBetween(state, made.next, at) };
}

type Made = Omit<Outcome, "lines">;

function outcomeOf(state: SubscriptionState, change: SubscriptionChange, at: number, plans: Plans): Made {
  switch (change.kind) {
    case "start_trial":
      return startTrial(state, paidPlan(change.tier ?? SubscriptionTier.PROFESSIONAL, plans), at);
    case "extend_trial":
      return extendTrial(state, at);
    case "convert_trial":
      return startPaid(
        { ...state, trialEnd: at, trialNotice: null },
        paidPlan(change.tier ?? state.tier, plans),
        at,
      );
    case "change_plan":
      return changePlan(state, change, at, plans);
    case "cancel":
      return cancel(state, change.when, at, plans);
    case "resume":
      if (state.scheduled === null)
        throw refused("nothing_scheduled", "nothing is scheduled for the period's end");
      return silent({ ...state, scheduled: null }, at);
    case "pause":
      return pause(state, at);
    case "unpause":
      return startPaid(state, plans(state.tier, state.planVersion), at);
    case "mark_past_due":
      return silent({ ...state, status: "past_due" }, at);
    case "mark_paid":
      return silent({ ...state, status: "active" }, at);
  }
}

/** What a change beside the lifecycle makes of a state: at once, without lines. */
export function decideDirectly(
  state: SubscriptionState,
  change: DirectChange,
  at: number,
  plans: Plans,
): SubscriptionState {
  const tier = change.kind === "end" ? SubscriptionTier.FREE : change.tier;
  if (tier === SubscriptionTier.FREE) return isFree(state) ? state : onFree(state, at, plans);
  if (tier === state.tier && runsPaid(state)) return state;
  const plan = plans(tier);
  // A period that runs goes on: what was charged for it stays.
  if (runsPaid(state)) return { ...state, tier, planVersion: plan.version, scheduled: null };
  return { ...withoutTrial(state, at), ...startOf(plan, at, 0n) };
}

/** The end of a paid tier or a trial: `free`, in a period of its own. */
export function onFree(state: SubscriptionState, at: number, plans: Plans): SubscriptionState {
  const status = state.status === "trialing" ? "active" : "canceled";
  return { ...withoutTrial(state, at), ...startOf(plans(SubscriptionTier.FREE), at, 0n), status };
}

function withoutTrial(state: SubscriptionState, at: number): SubscriptionState {
  return state.status === "trialing" ? { ...state, trialEnd: at, trialNotice: null } : state;
}

function startTrial(state: SubscriptionState, plan: Plan, at: number): Made {
  if (state.trialStart !== null) throw trialUsed();
  const trialEnd = at + TRIAL_MS;
  const period = { ...startOf(plan, at, 0n), periodEnd: trialEnd };
  const trial = { trialStart: at, trialEnd, isTrialExtended: false, trialNotice: TRIAL_NOTICES[0] };
  return silent({ ...period, ...trial, status: "trialing" }, at);
}

function extendTrial(state: SubscriptionState, at: number): Made {
  if (state.isTrialExtended)
    throw refused("trial_extended", "the trial was extended already; convert it instead");
  const trialEnd = state.periodEnd + TRIAL_MS;
  const trial = { trialEnd, periodEnd: trialEnd, isTrialExtended: true, trialNotice: TRIAL_NOTICES[0] };
  return silent({ ...state, ...trial }, at);
}

function startPaid(state: SubscriptionState, plan: Plan, at: number): Made {
  const price = BigInt(plan.limits.priceMonthlyCents);
  return silent({ ...state, ...startOf(plan, at, price) }, at);
}

function changePlan(
  state: SubscriptionState,
  { tier, when }: { readonly tier: SubscriptionTier; readonly when?: When | undefined },
  at: number,
  plans: Plans,
): Made {
  const plan = paidPlan(tier, plans);
  if (isFree(state)) {
    if (when === "period_end")
      throw notApplicable("when", "from free a paid plan begins now; leave when out");
    return startPaid(state, plan, at);
  }
  const to: PlanRef = { tier, planVersion: plan.version };
  if (tier === state.tier && plan.version === state.planVersion) {
    const rest = state.scheduled === null ? "" : "; resume withdraws what is scheduled";
    throw refused("nothing_to_change", `the organization is on ${tier} already${rest}`);
  }
  const isUp = isUpgrade(state, to, plans);
  const notice: NoticeTerms | null = isUp
    ? null
    : { kind: "downgraded", from: state.tier, to: tier, effectiveAt: at, reason: "asked" };
  if ((when ?? (isUp ? "now" : "period_end")) === "period_end") {
    const effectiveAt = state.periodEnd;
    const next = { ...state, scheduled: to };
    return { next, effectiveAt, notice: notice && { ...notice, effectiveAt } };
  }
  const paid = priceOf(to, plans);
  return { next: { ...state, ...to, paid, scheduled: null }, effectiveAt: at, notice };
}

/** Tiers are ordered; of two versions of one tier the dearer is above. */
export function isUpgrade(from: PlanRef, to: PlanRef, plans: Plans): boolean {
  const order = Object.values(SubscriptionTier);
  const step = order.indexOf(to.tier) - order.indexOf(from.tier);
  return step === 0 ? priceOf(to, plans) >= priceOf(from, plans) : step > 0;
}

function cancel(state: SubscriptionState, asked: When | undefined, at: number, plans: Plans): Made {
  const waits = runsPaid(state);
  if (asked === "period_end" && !waits) {
    throw notApplicable(
      "when",
      "a trial ends by itself, and what is paused has no period; leave when out to end it now",
    );
  }
  const { tier } = state;
  if (waits && asked !== "now") {
    const effectiveAt = state.periodEnd;
    const { version: planVersion } = plans(SubscriptionTier.FREE);
    const next = { ...state, scheduled: { tier: SubscriptionTier.FREE, planVersion } };
    const isNew = state.scheduled === null || !isFree(state.scheduled);
    const notice: NoticeTerms | null = isNew ? { kind: "canceled", tier, endsAt: effectiveAt } : null;
    return { next, effectiveAt, notice };
  }
  const notice: NoticeTerms = { kind: "canceled", tier, endsAt: at };
  return { next: onFree(state, at, plans), effectiveAt: at, notice };
}

function pause(state: SubscriptionState, at: number): Made {
  if (state.scheduled !== null) {
    throw refused("change_scheduled", "something is scheduled for the period's end: resume withdraws it");
  }
  return silent({ ...state, status: "paused", paid: 0n }, at);
}

function silent(next: SubscriptionState, effectiveAt: number): Made {
  return { next, effectiveAt, notice: null };
}

function paidPlan(tier: SubscriptionTier, plans: Plans): Plan {
  const plan = plans(tier);
  if (plan.tier !== SubscriptionTier.FREE) return plan;
  throw notApplicable("tier", "tier must be a paid one: to go to free, cancel");
}

function situationOf(state: SubscriptionState): Situation {
  return state.status === "active" && isFree(state) ? "free" : state.status;
}

function requirePossible(state: SubscriptionState, change: ChangeKind): void {
  const situation = situationOf(state);
  const possible = POSSIBLE[situation];
  if (possible.includes(change)) return;
  const now = situation === "free" ? "active on free" : `${situation} on ${state.tier}`;
  const text = `the subscription is ${now}: ${change} is not possible, ${possible.join(", ")} are`;
  throw refused("transition_refused", text, { status: state.status, tier: state.tier, possible });
}

export function trialUsed(): BillingError {
  return refused("trial_used", "an organization has one trial, and this one had it: choose a plan");
}

function refused(code: string, text: string, details: Readonly<Record<string, unknown>> = {}): BillingError {
  return new BillingError("failed_precondition", code, text, { details });
}

function notApplicable(field: string, text: string): BillingError {
  return new BillingError("invalid_input", "not_applicable", text, { details: { field } });
}
