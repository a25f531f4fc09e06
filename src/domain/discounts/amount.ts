// How much a discount is, in whole cents. Rounded once per discount: half up.

import { divideHalfUp, parseDecimal } from "../../kernel/index.ts";
import type { Worth } from "./discount.ts";

/** A percentage has up to so many digits behind the point. */
export const PERCENT_DIGITS = 4;
export const WHOLE = 100n * 10n ** BigInt(PERCENT_DIGITS);

/** What is taken off an amount: never below 0, never above the amount. `percent` is decimal text from 0 to 100. */
export function percentOff(amount: bigint, percent: string): bigint {
  return divideHalfUp(amount * parseDecimal(percent, PERCENT_DIGITS, "percent"), WHOLE);
}

/** What a discount takes off what is left of a purchase, and the percentage that it is (null: it is an amount). */
export function discountOf(
  worth: Worth,
  left: bigint,
  volumePercent: string,
): { readonly discount: bigint; readonly percent: string | null } {
  if (worth.type === "fixed_amount")
    return { discount: worth.amount < left ? worth.amount : left, percent: null };
  const percent = worth.type === "volume" ? volumePercent : worth.percent;
  return { discount: percentOff(left, percent), percent };
}
