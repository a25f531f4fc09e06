// Which shares of a limit have been reached: integers only, so that 50 % is 50 % to the last pico-dollar.

import type { Threshold } from "./budget.ts";

export type AlertLevel = "info" | "warning" | "critical" | "exceeded";

const FULL = 10_000n;

/** Whether `spent` has reached a share of `limit`. Of a limit of 0 any spend has reached all of it. */
export function hasReached(spent: bigint, limit: bigint, bps: number): boolean {
  return spent > 0n && spent * FULL >= limit * BigInt(bps);
}

/** The thresholds above a high-water mark that `spent` has reached, lowest first; none of an unlimited budget. */
export function newlyReached(
  { thresholds }: { readonly thresholds: readonly Threshold[] },
  limit: bigint | null,
  spent: bigint,
  alertedBps: number,
): readonly Threshold[] {
  const last = thresholds.at(-1);
  if (limit === null || spent <= 0n || last === undefined || last.bps <= alertedBps) return NONE;
  return thresholds.filter(({ bps }) => bps > alertedBps && hasReached(spent, limit, bps));
}

/** How loud a threshold is: info below 75 %, warning below 90 %, critical below 100 %, then exceeded. */
export function levelOf(bps: number): AlertLevel {
  if (bps >= 10_000) return "exceeded";
  if (bps >= 9_000) return "critical";
  return bps >= 7_500 ? "warning" : "info";
}

/** Hundredths of a percent of the limit that are spent, rounded down; null of an unlimited budget. */
export function shareBps(spent: bigint, limit: bigint | null): bigint | null {
  if (limit === null) return null;
  const used = spent > 0n ? spent : 0n;
  if (limit === 0n) return used > 0n ? FULL : 0n;
  return (used * FULL) / limit;
}

const NONE: readonly Threshold[] = Object.freeze([]);
