// The groups of a usage report as the specification's summaries show them.

import type { Decimal } from "decimal.js";
import type { Grouping, UsageGroup } from "../domain/analytics/index.ts";
import { divideHalfUp, parseUsd, usdToDecimal } from "../kernel/index.ts";

/** Each value of a grouping and what `figure` says of its group. "" is usage that names no value; days are `2025-01-31`. */
export function figuresBy<T>(
  groups: readonly UsageGroup[],
  grouping: Grouping,
  figure: (group: UsageGroup) => T,
): Readonly<Record<string, T>> {
  const length = grouping === "day" ? 10 : undefined;
  return Object.fromEntries(
    groups.map((group) => [(group.key[grouping] ?? "").slice(0, length), figure(group)]),
  );
}

/** Each value of a grouping and its cost. */
export function costBy(groups: readonly UsageGroup[], grouping: Grouping): Readonly<Record<string, Decimal>> {
  return figuresBy(groups, grouping, ({ costUsd }) => costUsd);
}

/** `amount` x `numerator` / `denominator`, half up to 1 pico-USD; 0 where the denominator is 0. */
export function proportionOf(amount: Decimal, numerator: number, denominator: number): Decimal {
  if (denominator === 0) return usdToDecimal(0n);
  return usdToDecimal(divideHalfUp(parseUsd(amount, "amount") * BigInt(numerator), BigInt(denominator)));
}
