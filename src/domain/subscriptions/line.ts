// Lines: what a subscription charges and gives back. Each is rounded once, to whole cents.

import { divideHalfUp, isoInstant, type Period } from "../../kernel/index.ts";
import type { SubscriptionTier } from "../plans/index.ts";
import { isFree, type PlanRef, runsPaid, type SubscriptionState } from "./state.ts";

export interface LineTerms {
  readonly kind: "charge" | "credit";
  readonly tier: SubscriptionTier;
  readonly planVersion: number;
  /** What it is for: [from, to) of the period. */
  readonly from: number;
  readonly to: number;
  readonly periodStart: number;
  readonly periodEnd: number;
  /** Cents; negative in a credit. */
  readonly amount: bigint;
  readonly description: string;
}

/** A line on record. */
export interface SubscriptionLine extends LineTerms {
  readonly id: string;
  readonly tenant: string;
  /** 1, 2, 3 … of its tenant, without a gap. */
  readonly number: number;
  /** Of the change that made it. */
  readonly change: number;
  /** When it was made: of a renewal the start of its period, whenever the job came. */
  readonly at: number;
}

/**
 * What of a price falls on the time from `at` to the period's end, to the second: instants are cut to whole seconds, and the
 * denominator is the whole period. Rounded once, half up. Parts of a price are differences of rests, so they sum to it exactly.
 */
export function restOf(price: bigint, { start, end }: Period, at: number): bigint {
  const whole = secondOf(end) - secondOf(start);
  // A clock may step back.
  const left = secondOf(end) - secondOf(Math.min(Math.max(at, start), end));
  return divideHalfUp(price * left, whole);
}

/**
 * The lines that lead from one state to the next. A period that begins is charged whole, in advance; within one, what was
 * charged for the rest is given back, and the rest charged at the new price. The end of a paid tier gives nothing back.
 */
export function linesBetween(before: SubscriptionState, after: SubscriptionState, at: number): LineTerms[] {
  if (isFree(after) || after.status === "trialing") return [];
  const period = { start: after.periodStart, end: after.periodEnd };
  const goesOn =
    runsPaid(before) && before.anchor === after.anchor && before.periodStart === after.periodStart;
  if (!goesOn) return line("charge", after, { from: period.start, period, amount: after.paid });
  if (before.paid === after.paid) return [];
  return [
    ...line("credit", before, { from: at, period, amount: -restOf(before.paid, period, at) }),
    ...line("charge", after, { from: at, period, amount: restOf(after.paid, period, at) }),
  ];
}

/** The charge that a credit gives a part of back: the last one of its period before it. `lines` are all before it, the oldest first. */
export function chargeBehind(
  credit: SubscriptionLine,
  lines: readonly SubscriptionLine[],
): SubscriptionLine | undefined {
  return lines.findLast(
    ({ kind, number, periodStart }) =>
      kind === "charge" && number < credit.number && periodStart === credit.periodStart,
  );
}

export function totalOf(lines: readonly { readonly amount: bigint }[]): bigint {
  return lines.reduce((sum, { amount }) => sum + amount, 0n);
}

function line(
  kind: LineTerms["kind"],
  { tier, planVersion }: PlanRef,
  { from, period, amount }: { from: number; period: Period; amount: bigint },
): LineTerms[] {
  if (amount === 0n) return [];
  const { start: periodStart, end: periodEnd } = period;
  const what = kind === "credit" ? "unused rest of " : from > periodStart ? "rest of " : "";
  const description = `${what}plan ${tier}, ${day(from)} to ${day(periodEnd)}`;
  return [{ kind, tier, planVersion, from, to: periodEnd, periodStart, periodEnd, amount, description }];
}

function day(at: number): string {
  return isoInstant(at).slice(0, 10);
}

function secondOf(ms: number): bigint {
  return BigInt(Math.floor(ms / 1_000));
}
