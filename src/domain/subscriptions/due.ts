// What time does to a subscription: periods end, trials end, what was scheduled comes to pass. Pure: whoever reads at an
// instant gets the same state, whether the job has written what was due by then or not.

import { DAY_MS } from "../../kernel/index.ts";
import { onFree } from "./lifecycle.ts";
import type { NoticeTerms } from "./notice.ts";
import {
  isFree,
  monthAt,
  type Plans,
  priceOf,
  runsPaid,
  type SubscriptionState,
  TRIAL_NOTICES,
} from "./state.ts";

/** One thing that became due, at its own time. */
export interface DueStep {
  readonly kind: "trial_notice" | "trial_ended" | "renewed" | "plan_changed" | "canceled";
  readonly at: number;
  readonly next: SubscriptionState;
  readonly notice: NoticeTerms | null;
}

/** When something is due next; null: never. */
export function dueAt(state: SubscriptionState): number | null {
  if (state.status === "trialing") return Math.min(noticeAt(state) ?? state.periodEnd, state.periodEnd);
  return runsPaid(state) ? state.periodEnd : null;
}

/** All that is due up to and at an instant, one after another. */
export function dueSteps(state: SubscriptionState, at: number, plans: Plans): DueStep[] {
  const steps: DueStep[] = [];
  let current = state;
  for (let due = dueAt(current); due !== null && due <= at; due = dueAt(current)) {
    const step = stepAt(current, due, plans);
    steps.push(step);
    current = step.next;
  }
  return steps;
}

/** The state as it is at an instant. */
export function stateAt(state: SubscriptionState, at: number, plans: Plans): SubscriptionState {
  return dueSteps(state, at, plans).at(-1)?.next ?? state;
}

function stepAt(state: SubscriptionState, at: number, plans: Plans): DueStep {
  if (state.status === "trialing")
    return at < state.periodEnd ? trialNotice(state, at) : trialEnd(state, at, plans);
  return state.scheduled !== null && isFree(state.scheduled)
    ? { kind: "canceled", at, next: onFree(state, at, plans), notice: null }
    : newPeriod(state, at, plans);
}

/** A period of a paid tier is charged in advance, by the version that was bought. */
function newPeriod(state: SubscriptionState, at: number, plans: Plans): DueStep {
  const { tier, planVersion } = state.scheduled ?? state;
  const period = monthAt(at, state.anchor);
  const paid = priceOf({ tier, planVersion }, plans);
  const next: SubscriptionState = {
    ...{ ...state, tier, planVersion, paid, scheduled: null },
    ...{ periodStart: period.start, periodEnd: period.end },
  };
  const kind = state.scheduled === null ? "renewed" : "plan_changed";
  return { kind, at, next, notice: null };
}

function trialEnd(state: SubscriptionState, at: number, plans: Plans): DueStep {
  const next = onFree(state, at, plans);
  const notice: NoticeTerms = {
    ...{ kind: "downgraded", from: state.tier, to: next.tier },
    ...{ effectiveAt: at, reason: "trial_ended" },
  };
  return { kind: "trial_ended", at, next, notice };
}

function trialNotice(state: SubscriptionState, at: number): DueStep {
  const days = state.trialNotice as number;
  const later = TRIAL_NOTICES.find((other) => other < days) ?? null;
  const { tier, periodEnd: endsAt } = state;
  const notice: NoticeTerms = { kind: "trial_ending", tier, endsAt, daysRemaining: days };
  return { kind: "trial_notice", at, next: { ...state, trialNotice: later }, notice };
}

function noticeAt({ trialNotice: days, periodEnd }: SubscriptionState): number | null {
  return days === null ? null : periodEnd - days * DAY_MS;
}
