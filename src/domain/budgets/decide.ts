// May this be spent? Pure: a budget's terms and a counter in, an answer out.

import type { BudgetStatus, Overage, Override, SuspendedBy } from "./budget.ts";

type RefusalReason = "budget_exceeded" | "budget_suspended";

/** What a decision needs to know of a budget. */
export interface Terms {
  readonly limit: bigint | null;
  /** The smallest share of the limit at which it refuses; null: never. */
  readonly refusesAtBps: number | null;
  readonly overage: Overage | null;
  readonly status: BudgetStatus;
  readonly suspendedBy: SuspendedBy;
}

export interface CounterAmounts {
  readonly spent: bigint;
  readonly held: bigint;
  /** Unused of the period before, added to the limit. */
  readonly carry: bigint;
}

export interface Decision {
  readonly reason: RefusalReason | null;
  /** The most that spent and held may be together; null: no end. */
  readonly ceiling: bigint | null;
  /** What this request takes beyond the limit, as overage. */
  readonly overage: bigint;
}

/**
 * Whether `requested` more fits. Reaching the ceiling exactly is allowed, one unit more is not. A request that could
 * not be estimated (`needsRoom`) takes nothing but needs room for something.
 *
 * An override lifts the ceiling for its user, and what a threshold suspended; not what a caller suspended.
 */
export function decide(
  terms: Terms,
  counter: CounterAmounts,
  request: { readonly requested: bigint; readonly needsRoom: boolean },
  override: Pick<Override, "limit"> | undefined,
): Decision {
  const ceiling = ceilingOf(terms, counter.carry, override);
  const used = usedOf(counter);
  const after = used + request.requested;
  const suspended =
    terms.status === "suspended" && (override === undefined || terms.suspendedBy !== "threshold");
  if (suspended) return { reason: "budget_suspended", ceiling, overage: 0n };
  if (ceiling !== null) {
    const least = request.needsRoom && request.requested === 0n ? used + 1n : after;
    if (least > ceiling || ceiling === 0n) return { reason: "budget_exceeded", ceiling, overage: 0n };
  }
  return { reason: null, ceiling, overage: overageOf(terms, counter.carry, used, after) };
}

/** Spent and held; a credit beyond all spending makes no room above the limit. */
export function usedOf({ spent, held }: Pick<CounterAmounts, "spent" | "held">): bigint {
  return (spent > 0n ? spent : 0n) + held;
}

/** The most that spent and held may be together; null: no end. */
export function ceilingOf(
  { limit, refusesAtBps, overage }: Pick<Terms, "limit" | "refusesAtBps" | "overage">,
  carry: bigint,
  override: Pick<Override, "limit"> | undefined,
): bigint | null {
  if (limit === null || (override !== undefined && override.limit === null)) return null;
  const own = ownCeiling(limit + carry, refusesAtBps, overage);
  if (own === null || override?.limit === undefined || override.limit === null) return own;
  return override.limit > own ? override.limit : own;
}

function ownCeiling(limit: bigint, refusesAtBps: number | null, overage: Overage | null): bigint | null {
  if (overage !== null) return overage.cap === null ? null : limit + overage.cap;
  return refusesAtBps === null ? null : (limit * BigInt(refusesAtBps)) / 10_000n;
}

function overageOf({ limit, overage }: Terms, carry: bigint, used: bigint, after: bigint): bigint {
  if (limit === null || overage === null) return 0n;
  const end = limit + carry;
  const from = used > end ? used : end;
  return after > from ? after - from : 0n;
}
