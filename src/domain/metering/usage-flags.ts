import { RATING_FLAG } from "../rating/index.ts";
import type { UsageState } from "./provider-usage/index.ts";

/** A usage state as bits among an event's flags. */
export const USAGE_FLAGS: Readonly<Record<UsageState, number>> = Object.freeze({
  reported: 0,
  estimated: RATING_FLAG.usageEstimated,
  missing: RATING_FLAG.usageMissing,
});

export function usageStateIn(flags: number): UsageState {
  if ((flags & USAGE_FLAGS.missing) !== 0) return "missing";
  return (flags & USAGE_FLAGS.estimated) !== 0 ? "estimated" : "reported";
}
