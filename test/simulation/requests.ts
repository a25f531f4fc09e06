// The workload's amounts and requests: as the engine is asked, and as the auditor understands them.

import { type Amounts, decimalText, usdText } from "./amounts.ts";
import type { Asked, BudgetTerms, Terms } from "./expected-budgets.ts";
import type { Entry, ExpectedPrices, Prices, Rule, TokenPrices } from "./expected-prices.ts";
import { DIMENSIONS, type Names, type Use } from "./expected-usage.ts";
import type { Amount, Request } from "./operations.ts";

const NO_CALL = {
  ...{ tokensIn: 0, cached: 0, cacheWrite: 0, cacheWrite1h: 0, tokensOut: 0, reasoning: 0, searches: 0 },
  tier: "",
};

/** What a request counts in every measure, priced by the book of now at the time of the use. */
export function askedOf(prices: ExpectedPrices, request: Request, now: number): Asked {
  const { tenant, names, type, amount } = request;
  const at = request.at ?? now;
  const { amounts, hasUsage } = amountsAsked(prices, { ...request, at }, amount);
  const unknownUsd = amount.cost === null && !hasUsage;
  return { tenant, names, at, amounts, unknownUsd, unknownTokens: !hasUsage, ...{ type } };
}

export function amountsAsked(
  prices: ExpectedPrices,
  about: { readonly tenant: string; readonly names: Names; readonly type: string; readonly at: number },
  amount: Amount,
): { amounts: Amounts; hasUsage: boolean } {
  const { type, names } = about;
  const quantity = amount.quantity ?? 1;
  // What is priced by its type needs no tokens to have a price.
  const hasUsage = amount.tokens !== null || (type !== "tokens" && amount.cost === null);
  const counts = amount.tokens ?? NO_CALL;
  const call = { ...about, ...counts, provider: names.provider, model: names.model, quantity };
  const priced =
    amount.cost !== null
      ? { cost: amount.cost, charge: amount.cost }
      : hasUsage
        ? prices.of(call)
        : { cost: 0n, charge: 0n };
  const tokens = BigInt(counts.tokensIn + counts.tokensOut);
  const debates = type === "debate" ? BigInt(quantity) : 0n;
  return { amounts: { cost: priced.cost, charge: priced.charge, tokens, debates, calls: 1n }, hasUsage };
}

export function textOf(value: unknown): string {
  return JSON.stringify(value, (_, part: unknown) => (typeof part === "bigint" ? `${part}n` : part));
}

/** An amount in the engine's words; a request calls its dollars otherwise than a settlement. */
export function amountInput(amount: Amount, cost: "costUsd" | "estimatedCostUsd" | "amountUsd") {
  const { tokens, quantity } = amount;
  return {
    ...(amount.cost !== null && { [cost]: usdText(amount.cost) }),
    ...(quantity !== null && { quantity }),
    ...(tokens !== null && countsInput(tokens)),
  };
}

export function requestInput(request: Request, cost: "estimatedCostUsd" | "amountUsd") {
  const { tenant, names, type, at, amount } = request;
  return {
    ...{ tenant, type, dimensions: named(names) },
    ...(at !== null && { at: new Date(at) }),
    ...amountInput(amount, cost),
  };
}

/** An event in the engine's words; also what a correction gives of one. */
export function useInput(use: Partial<Use>): Record<string, unknown> {
  const { at, tier, isEstimate, tenant, type, quantity } = use;
  return {
    ...Object.fromEntries(DIMENSIONS.flatMap((name) => (use[name] === undefined ? [] : [[name, use[name]]]))),
    ...(tenant !== undefined && { tenant }),
    ...(type !== undefined && { type }),
    ...(quantity !== undefined && { quantity }),
    ...(at !== undefined && { timestamp: new Date(at) }),
    ...(isEstimate !== undefined && { usageState: isEstimate ? "estimated" : "reported" }),
    ...countsInput(use),
    ...(tier !== undefined && { serviceTier: tier }),
  };
}

function countsInput(counts: Partial<Use>): Record<string, unknown> {
  const { tokensIn, cached, cacheWrite, cacheWrite1h, tokensOut, reasoning, searches, tier } = counts;
  const all = {
    ...{ tokensIn, tokensOut, cachedTokens: cached, cacheWriteTokens: cacheWrite },
    ...{ cacheWrite1hTokens: cacheWrite1h, reasoningTokens: reasoning, webSearches: searches },
    serviceTier: tier,
  };
  return Object.fromEntries(Object.entries(all).filter(([, value]) => value !== undefined));
}

export function entryInput({ provider, model, from, prices }: Entry) {
  const start = from === 0 ? {} : { effectiveFrom: new Date(from) };
  return { provider, model, ...start, ...pricesInput(prices) };
}

export function ruleInput({ target, tenant, provider, model, from, to, form, fee }: Rule) {
  return {
    appliesTo: target,
    ...(tenant !== "" && { tenant }),
    ...(provider !== "" && { provider }),
    ...(model !== "" && { model }),
    ...(from !== 0 && { effectiveFrom: new Date(from) }),
    ...(to !== null && { effectiveTo: new Date(to) }),
    ...(form.kind === "percent" && { percent: decimalText(BigInt(form.percent), 4) }),
    ...(form.kind === "none" && { none: true as const }),
    ...(form.kind === "prices" && { prices: pricesInput(form.prices) }),
    ...(fee > 0n && { feePerCall: usdText(fee) }),
  };
}

function pricesInput(prices: Prices) {
  const { bands, batch, perUnit, unitSize, perSearch } = prices;
  return {
    ...tokenPricesInput(prices),
    ...(bands !== undefined && {
      bands: bands.map((band) => ({ aboveInputTokens: band.above, ...tokenPricesInput(band) })),
    }),
    ...(batch !== undefined && { tiers: { batch: tokenPricesInput(batch) } }),
    ...(perUnit !== undefined && { perUnit: usdText(perUnit) }),
    ...(unitSize !== undefined && { unitSize: Number(unitSize) }),
    ...(perSearch !== undefined && { perWebSearch: usdText(perSearch) }),
  };
}

function tokenPricesInput({ input, output, cached, cacheWrite, cacheWrite1h, reasoning }: TokenPrices) {
  // Pico-USD per token are millionths of a dollar per million.
  const text = (price: bigint) => decimalText(price, 6);
  return {
    ...{ input: text(input), output: text(output) },
    ...(cached !== undefined && { cachedInput: text(cached) }),
    ...(cacheWrite !== undefined && { cacheWrite5m: text(cacheWrite) }),
    ...(cacheWrite1h !== undefined && { cacheWrite1h: text(cacheWrite1h) }),
    ...(reasoning !== undefined && { reasoning: text(reasoning) }),
  };
}

export function termsInput(terms: Partial<Terms>, measure: BudgetTerms["measure"]) {
  const { limit, thresholds, overage, emails } = terms;
  return {
    ...(limit !== undefined && { limit: limit === null ? null : amountText(limit, measure) }),
    ...(thresholds !== undefined && {
      thresholds: thresholds.map(({ bps, action }) => ({ percent: decimalText(BigInt(bps), 2), action })),
    }),
    ...(overage !== undefined && {
      overage:
        overage === null ? null : overage.cap === null ? {} : { cap: amountText(overage.cap, measure) },
    }),
    ...(emails !== undefined && { notify: emails.map((email) => ({ email })) }),
  };
}

export function budgetInput(terms: BudgetTerms) {
  const { tenant, id, scope, measure, money, period, zone, anchor, rollover, from } = terms;
  return {
    ...{ tenant, id, name: id, scope, measure, money, period, zone, rollover },
    ...(anchor !== null && { anchor: new Date(anchor) }),
    ...(from !== null && { from: new Date(from) }),
    ...termsInput(terms, measure),
  };
}

/** An amount of a measure: dollars, or a count. */
export function amountText(amount: bigint, measure: BudgetTerms["measure"]): string {
  return measure === "usd" ? usdText(amount) : String(amount);
}

function named(names: Names): Record<string, string> {
  return Object.fromEntries(DIMENSIONS.flatMap((name) => (names[name] === "" ? [] : [[name, names[name]]])));
}
