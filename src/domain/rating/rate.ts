// Pure and exact: an event's cost is a sum of integer products, tokens x pico-USD per token.

import { divideHalfUp } from "../../kernel/index.ts";
import {
  BORROWED,
  type PriceBook,
  type PricedModel,
  type Rate,
  rateForInput,
  UNIT_PRICE_PROVIDER,
} from "../pricing/index.ts";
import type { Usage } from "./usage.ts";

/** What to do with a model the book does not know: the fallback price, no price, or no event. */
export type UnknownModelPolicy = "fallback" | "unpriced" | "refuse";

/** What deserves a second look on a rated event; stored as bits. */
const RATING_FLAG = Object.freeze({
  /** The model is not in the book: the provider's default or the book's fallback price was taken. */
  unknownModel: 1,
  /** The model is not in the book and the policy was to record it without a price. */
  unpriced: 2,
  /** Cached or cache-write tokens were billed at the input price: the entry prices them not apart. */
  bucketAtInputPrice: 4,
  /** The entry has no prices for the event's service tier: the standard ones were taken. */
  tierAtStandardPrice: 8,
});

export type RatingFlag = keyof typeof RATING_FLAG;

export interface Rating {
  /** Id of the rate, '' when nothing was to be priced. */
  readonly price: string;
  /** Pico-USD. */
  readonly cost: bigint;
  /** {@link RATING_FLAG} bits. */
  readonly flags: number;
}

const FALLBACK = Object.freeze({ provider: "openrouter", model: "default" });
const STANDARD_TIERS = new Set(["", "standard", "default", "auto"]);

/**
 * The cost of one event by the price in force at its own time.
 *
 * Exact for tokens, searches and unit fees; only a unit price with a unit size (storage per GiB) is rounded, half up, to
 * 1 pico-USD. The long-context band and the service tier are chosen per call; the band counts all input tokens.
 *
 * @returns null when the model is unknown and the policy refuses it.
 * @example rate(book, usage, "fallback")?.cost // 423000000000n: $0.423
 */
export function rate(book: PriceBook, usage: Usage, policy: UnknownModelPolicy): Rating | null {
  if (usage.model === "") {
    const priced = book.resolve(UNIT_PRICE_PROVIDER, usage.type, usage.ts);
    if (priced !== undefined) return rated(priced, usage, 0);
    if (tokensOf(usage) === 0) return NOTHING;
  } else {
    const priced = book.resolve(usage.provider, usage.model, usage.ts);
    if (priced !== undefined) return rated(priced, usage, 0);
  }
  if (policy === "refuse") return null;
  if (policy === "unpriced") return UNPRICED;
  const fallback =
    book.resolve(usage.provider, FALLBACK.model, usage.ts) ??
    book.resolve(FALLBACK.provider, FALLBACK.model, usage.ts);
  return fallback === undefined ? UNPRICED : rated(fallback, usage, RATING_FLAG.unknownModel);
}

/** The cost of usage at one rate, in pico-USD. */
export function costAt(rate: Rate, usage: Usage): bigint {
  let cost = 0n;
  if (usage.inputTokens > 0) cost += BigInt(usage.inputTokens) * rate.input;
  if (usage.outputTokens > 0) cost += BigInt(usage.outputTokens) * rate.output;
  if (usage.cacheReadTokens > 0) cost += BigInt(usage.cacheReadTokens) * rate.cacheRead;
  if (usage.cacheWriteTokens > 0) cost += BigInt(usage.cacheWriteTokens) * rate.cacheWrite5m;
  if (usage.cacheWrite1hTokens > 0) cost += BigInt(usage.cacheWrite1hTokens) * rate.cacheWrite1h;
  if (usage.reasoningTokens > 0) cost += BigInt(usage.reasoningTokens) * rate.reasoning;
  if (usage.webSearches > 0) cost += BigInt(usage.webSearches) * rate.perWebSearch;
  if (rate.perUnit > 0n) cost += divideHalfUp(BigInt(usage.quantity) * rate.perUnit, BigInt(rate.unitSize));
  return cost;
}

/** The names of the flags set in stored bits. */
export function ratingFlags(bits: number): RatingFlag[] {
  return (Object.keys(RATING_FLAG) as RatingFlag[]).filter((flag) => (bits & RATING_FLAG[flag]) !== 0);
}

const NOTHING: Rating = Object.freeze({ price: "", cost: 0n, flags: 0 });
const UNPRICED: Rating = Object.freeze({ price: "", cost: 0n, flags: RATING_FLAG.unpriced });

function rated(priced: PricedModel, usage: Usage, flags: number): Rating {
  let rates = priced.rates;
  let bits = flags;
  if (!STANDARD_TIERS.has(usage.serviceTier)) {
    const tier = priced.tiers.get(usage.serviceTier);
    if (tier === undefined) bits |= RATING_FLAG.tierAtStandardPrice;
    else rates = tier;
  }
  const rate = rates.length === 1 ? (rates[0] as Rate) : rateForInput(rates, totalInput(usage));
  if (rate.borrowed !== 0 && borrows(rate, usage)) bits |= RATING_FLAG.bucketAtInputPrice;
  return { price: rate.id, cost: costAt(rate, usage), flags: bits };
}

function borrows(rate: Rate, usage: Usage): boolean {
  return (
    (usage.cacheReadTokens > 0 && (rate.borrowed & BORROWED.cacheRead) !== 0) ||
    (usage.cacheWriteTokens > 0 && (rate.borrowed & BORROWED.cacheWrite5m) !== 0) ||
    (usage.cacheWrite1hTokens > 0 && (rate.borrowed & BORROWED.cacheWrite1h) !== 0)
  );
}

function totalInput(usage: Usage): number {
  return usage.inputTokens + usage.cacheReadTokens + usage.cacheWriteTokens + usage.cacheWrite1hTokens;
}

function tokensOf(usage: Usage): number {
  return totalInput(usage) + usage.outputTokens + usage.reasoningTokens;
}
