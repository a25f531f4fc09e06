// The last step of every family: what was read becomes a ProviderUsage, and what does not add up is said.

import { checkedCount } from "./counts.ts";
import type { ProviderUsage } from "./types.ts";

/** What a family has read. Null: not reported. */
export interface Reading {
  readonly model: string | null;
  readonly tokensIn: number | null;
  readonly cachedTokens?: number;
  readonly cacheWriteTokens?: number;
  readonly cacheWrite1hTokens?: number;
  readonly tokensOut: number | null;
  readonly reasoningTokens?: number;
  readonly webSearches?: number;
  readonly serviceTier?: string | null;
  readonly providerCostUsd?: string | null;
  /** The provider's own total of input and output. */
  readonly total?: number | null;
  readonly issues?: readonly string[];
}

/**
 * Settles a reading. Without any count of input or output the usage is `missing`.
 *
 * @throws BillingError invalid_input `too_large` when the parts sum to more than a call can have.
 * @example
 * settle({ model: null, tokensIn: 7, tokensOut: 3, total: 11 }).issues; // ["total_mismatch: input 7 and output 3 …"]
 */
export function settle(reading: Reading): ProviderUsage {
  const { model, serviceTier, providerCostUsd } = reading;
  const about = {
    model,
    serviceTier: serviceTier?.toLowerCase() ?? null,
    providerCostUsd: providerCostUsd ?? null,
  };
  if (reading.tokensIn === null && reading.tokensOut === null) {
    return { ...about, ...NO_COUNTS, usageState: "missing", issues: [...(reading.issues ?? [])] };
  }
  const usage = {
    ...about,
    tokensIn: checkedCount(reading.tokensIn ?? 0, "tokensIn"),
    cachedTokens: reading.cachedTokens ?? 0,
    cacheWriteTokens: checkedCount(reading.cacheWriteTokens ?? 0, "cacheWriteTokens"),
    cacheWrite1hTokens: checkedCount(reading.cacheWrite1hTokens ?? 0, "cacheWrite1hTokens"),
    tokensOut: checkedCount(reading.tokensOut ?? 0, "tokensOut"),
    reasoningTokens: reading.reasoningTokens ?? 0,
    webSearches: reading.webSearches ?? 0,
  };
  return {
    ...usage,
    usageState: "reported",
    issues: [...(reading.issues ?? []), ...findings(usage, reading)],
  };
}

/**
 * All output tokens. Some servers count reasoning beside the output rather than in it: the total tells, and so does
 * reasoning that is more than the output it would be a part of.
 */
export function outputWithReasoning(
  input: number | null,
  output: number | null,
  reasoning: number,
  total: number | null,
  issues: string[],
): number | null {
  const sum = (output ?? 0) + reasoning;
  if (reasoning > 0 && total === (input ?? 0) + sum) return sum;
  if (reasoning > (output ?? 0) && total === null) {
    issues.push(
      `reasoning_assumed_outside: reasoning ${reasoning} is no part of output ${output ?? 0}; added to it`,
    );
    return sum;
  }
  return output;
}

/**
 * Checks a split of cache writes by their time against all of them. What the split leaves out counts as 5 minutes.
 *
 * @returns all writes: the provider's figure, else the split's sum.
 */
export function cacheWrites(
  total: number | null,
  fiveMinutes: number | null,
  hour: number | null,
  issues: string[],
): number {
  const split = sumOfSplit(fiveMinutes, hour);
  if (total === null) return split ?? 0;
  if (split !== null && split !== total) {
    issues.push(
      `cache_write_split_mismatch: the split sums to ${split}, all cache writes are ${total}; ` +
        "the difference counts as 5 minutes",
    );
  }
  return total;
}

function sumOfSplit(fiveMinutes: number | null, hour: number | null): number | null {
  return fiveMinutes === null && hour === null ? null : (fiveMinutes ?? 0) + (hour ?? 0);
}

function findings(usage: Omit<ProviderUsage, "usageState" | "issues">, reading: Reading): string[] {
  const { tokensIn, cachedTokens, cacheWriteTokens, cacheWrite1hTokens, tokensOut, reasoningTokens } = usage;
  const found: string[] = [];
  if (reading.tokensIn === null) found.push("input_not_reported: no count of input tokens");
  if (cachedTokens + cacheWriteTokens > tokensIn) {
    found.push(
      `cached_exceeds_input: cached ${cachedTokens} and cache writes ${cacheWriteTokens} of input ${tokensIn}`,
    );
  }
  if (cacheWrite1hTokens > cacheWriteTokens) {
    found.push(
      `cache_write_1h_exceeds_cache_write: ${cacheWrite1hTokens} of cache writes ${cacheWriteTokens}`,
    );
  }
  if (reasoningTokens > tokensOut) {
    found.push(`reasoning_exceeds_output: reasoning ${reasoningTokens} of output ${tokensOut}`);
  }
  const { total } = reading;
  if (total !== undefined && total !== null && total !== tokensIn + tokensOut) {
    found.push(
      `total_mismatch: input ${tokensIn} and output ${tokensOut} are not the provider's total, ${total}`,
    );
  }
  return found;
}

const NO_COUNTS = Object.freeze({
  tokensIn: 0,
  cachedTokens: 0,
  cacheWriteTokens: 0,
  cacheWrite1hTokens: 0,
  tokensOut: 0,
  reasoningTokens: 0,
  webSearches: 0,
});
