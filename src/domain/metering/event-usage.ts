// An event may carry a provider's usage as one object: here it becomes the event's own fields.

import { type DecimalInput, divideHalfUp, invalidInput, parseDecimal } from "../../kernel/index.ts";
import type { UsageEvent } from "./event.ts";
import type { ProviderUsage, UsageState } from "./provider-usage/index.ts";

const COUNTS = [
  "tokensIn",
  "cachedTokens",
  "cacheWriteTokens",
  "cacheWrite1hTokens",
  "tokensOut",
  "reasoningTokens",
  "webSearches",
] as const satisfies (keyof ProviderUsage & keyof UsageEvent)[];
/** A fact that can be told only once: beside `usage` it would be told twice. */
const TOLD_BY_USAGE = [...COUNTS, "usageState", "providerCostUsd"] as const satisfies (keyof UsageEvent)[];
const FIELDS = new Set<string>(
  Object.keys({
    model: 1,
    tokensIn: 1,
    cachedTokens: 1,
    cacheWriteTokens: 1,
    cacheWrite1hTokens: 1,
    tokensOut: 1,
    reasoningTokens: 1,
    webSearches: 1,
    serviceTier: 1,
    providerCostUsd: 1,
    usageState: 1,
    issues: 1,
  } satisfies Record<keyof ProviderUsage, 1>),
);
const STATES: readonly unknown[] = ["reported", "estimated", "missing"] satisfies UsageState[];

/**
 * The event with the fields of its `usage` as its own.
 *
 * @throws BillingError invalid_input `given_twice` for a count, state or cost beside `usage`; `unknown_field`.
 */
export function withUsage(input: UsageEvent): UsageEvent {
  const { usage } = input;
  if (usage === undefined) return input;
  if (typeof usage !== "object" || usage === null || Array.isArray(usage)) {
    throw invalidInput("usage", "invalid_type", "usage must be what usageFromResponse gives");
  }
  for (const key of Object.keys(usage)) {
    if (!FIELDS.has(key)) {
      const text = `usage has an unknown field ${JSON.stringify(key.slice(0, 80))}: give what usageFromResponse gives, not the response`;
      throw invalidInput("usage", "unknown_field", text);
    }
  }
  for (const field of TOLD_BY_USAGE) {
    if (input[field] !== undefined) {
      throw invalidInput(field, "given_twice", `${field} is in usage already: leave one of them out`);
    }
  }
  const counts = Object.fromEntries(COUNTS.map((field) => [field, usage[field]]));
  return {
    ...input,
    ...counts,
    model: input.model ?? usage.model ?? undefined,
    serviceTier: input.serviceTier ?? usage.serviceTier ?? undefined,
    usageState: usage.usageState,
    providerCostUsd: isFeeOnly(usage) ? undefined : (usage.providerCostUsd ?? undefined),
  };
}

/** With the caller's own key a router reports its fee alone: no cost of the call to compare ours with. */
function isFeeOnly({ issues }: ProviderUsage): boolean {
  return Array.isArray(issues) && issues.some((issue) => String(issue).startsWith("own_key:"));
}

export function usageStateOf(value: unknown): UsageState {
  if (value === undefined || value === null) return "reported";
  if (STATES.includes(value)) return value as UsageState;
  throw invalidInput("usageState", "invalid_state", "usageState must be reported, estimated or missing");
}

/** Providers print their costs from floats: digits below a pico-USD are their noise, not money. */
const PROVIDER_DIGITS = 40;
const NOISE = 10n ** BigInt(PROVIDER_DIGITS - 12);
/** $1,000,000 in pico-USD. */
const MAX_PROVIDER_COST = 1_000_000n * 10n ** 12n;

export function providerCostOf(value: DecimalInput | null | undefined): bigint | null {
  if (value === undefined || value === null) return null;
  const field = "providerCostUsd";
  const cost = divideHalfUp(parseDecimal(value, PROVIDER_DIGITS, field), NOISE);
  if (cost < 0n) throw invalidInput(field, "negative", `${field} must not be negative`);
  if (cost > MAX_PROVIDER_COST) throw invalidInput(field, "too_large", `${field} must be at most 1000000`);
  return cost;
}
