// Pure and exact: an event's cost is a sum of integer products, tokens x pico-USD per token.

import { divideHalfUp } from "../../kernel/index.ts";
import {
  BORROWED,
  type PriceBook,
  type PricedModel,
  type PriceRule,
  type PriceRuleTarget,
  type Rate,
  rateForInput,
  UNIT_PRICE_PROVIDER,
} from "../pricing/index.ts";
import type { Usage } from "./usage.ts";

/** What to do with a model the book does not know: the fallback price, no price, or no event. */
export type UnknownModelPolicy = "fallback" | "unpriced" | "refuse";

/** What deserves a second look on a rated event; stored as bits. */
export const RATING_FLAG = Object.freeze({
  /** The model is not in the book: the provider's default or the book's fallback price was taken. */
  unknownModel: 1,
  /** The model is not in the book and the policy was to record it without a price. */
  unpriced: 2,
  /** Cached or cache-write tokens were billed at the input price: the entry prices them not apart. */
  bucketAtInputPrice: 4,
  /** The entry has no prices for the event's service tier: the standard ones were taken. */
  tierAtStandardPrice: 8,
  /** The counts are an estimate: a stream broke off. */
  usageEstimated: 16,
  /** The provider named no counts. */
  usageMissing: 32,
});

export type RatingFlag = keyof typeof RATING_FLAG;

export interface Rating {
  /** Id of the rate of the cost, '' when nothing was to be priced. */
  readonly price: string;
  /** Pico-USD. */
  readonly cost: bigint;
  /** Id of the rate of the charge, '' where no rule says otherwise than the cost. */
  readonly chargePrice: string;
  /** Pico-USD. */
  readonly charge: bigint;
  /** {@link RATING_FLAG} bits. */
  readonly flags: number;
}

const FALLBACK = Object.freeze({ provider: "openrouter", model: "default" });
const STANDARD_TIERS = new Set(["", "standard", "default", "auto"]);

/**
 * The cost and the charge of one event by the prices in force at its own time.
 *
 * Exact for tokens, searches and fees; only a unit price with a unit size (storage per GiB) is rounded, half up, to
 * 1 pico-USD. The long-context band and the service tier are chosen per call; the band counts all input tokens. A rule
 * on the cost stands above the list price, one on the charge above the cost.
 *
 * @returns null when the model is unknown and the policy refuses it.
 * @example rate(book, usage, "fallback")?.cost // 423000000000n: $0.423
 */
export function rate(book: PriceBook, usage: Usage, policy: UnknownModelPolicy): Rating | null {
  const chosen = book.rules.isEmpty ? listRate(book, usage, policy) : costRate(book, usage, policy);
  if (chosen === null) return null;
  const cost = chosen.rate === null ? 0n : costAt(chosen.rate, usage);
  const rating = { price: chosen.rate?.id ?? "", cost, chargePrice: "", charge: cost, flags: chosen.flags };
  const rule = book.rules.isEmpty ? undefined : ruleFor("charge", book, usage, chosen.entryModel);
  if (rule === undefined) return rating;
  const charged = rule.prices ? tierRate(rule.prices, usage, 0).rate : book.derived(rule, chosen.rate);
  return { ...rating, chargePrice: charged.id, charge: costAt(charged, usage) };
}

/** A rate, and how it was come by. */
interface ChosenRate {
  /** Null: nothing to price, or no price and the policy allows it. */
  readonly rate: Rate | null;
  /** The name under which the book prices the model; the event's own where it does not. */
  readonly entryModel: string;
  readonly flags: number;
}

/** What the provider takes from us: a rule of ours, else the book. */
function costRate(book: PriceBook, usage: Usage, policy: UnknownModelPolicy): ChosenRate | null {
  const listed = listRate(book, usage, policy);
  const entryModel = listed?.entryModel ?? usage.model;
  const rule = ruleFor("cost", book, usage, entryModel);
  if (rule === undefined) return listed;
  if (rule.prices !== undefined) return { ...tierRate(rule.prices, usage, 0), entryModel };
  if (rule.factor === undefined) return { rate: book.derived(rule, null), entryModel, flags: 0 };
  return listed && { ...listed, rate: book.derived(rule, listed.rate) };
}

function ruleFor(
  target: PriceRuleTarget,
  book: PriceBook,
  usage: Usage,
  entryModel: string,
): PriceRule | undefined {
  return usage.model === ""
    ? book.rules.find(target, usage, UNIT_PRICE_PROVIDER, usage.type, usage.type)
    : book.rules.find(target, usage, usage.provider, usage.model, entryModel);
}

/** The book's own price, before any rule. */
function listRate(book: PriceBook, usage: Usage, policy: UnknownModelPolicy): ChosenRate | null {
  if (usage.model === "") {
    const priced = book.resolve(UNIT_PRICE_PROVIDER, usage.type, usage.ts);
    if (priced !== undefined) return tierRate(priced, usage, 0);
    if (tokensOf(usage) === 0) return { rate: null, entryModel: usage.type, flags: 0 };
  } else {
    const priced = book.resolve(usage.provider, usage.model, usage.ts);
    if (priced !== undefined) return tierRate(priced, usage, 0);
  }
  if (policy === "refuse") return null;
  const fallback =
    policy === "unpriced"
      ? undefined
      : (book.resolve(usage.provider, FALLBACK.model, usage.ts) ??
        book.resolve(FALLBACK.provider, FALLBACK.model, usage.ts));
  return fallback === undefined
    ? { rate: null, entryModel: usage.model, flags: RATING_FLAG.unpriced }
    : { ...tierRate(fallback, usage, RATING_FLAG.unknownModel), entryModel: usage.model };
}

/** The cost of usage at one rate, in pico-USD. Of usage that is taken back (all counts negated): the same, negated. */
export function costAt(rate: Rate, usage: Usage): bigint {
  let cost = 0n;
  if (usage.inputTokens !== 0) cost += BigInt(usage.inputTokens) * rate.input;
  if (usage.outputTokens !== 0) cost += BigInt(usage.outputTokens) * rate.output;
  if (usage.cacheReadTokens !== 0) cost += BigInt(usage.cacheReadTokens) * rate.cacheRead;
  if (usage.cacheWriteTokens !== 0) cost += BigInt(usage.cacheWriteTokens) * rate.cacheWrite5m;
  if (usage.cacheWrite1hTokens !== 0) cost += BigInt(usage.cacheWrite1hTokens) * rate.cacheWrite1h;
  if (usage.reasoningTokens !== 0) cost += BigInt(usage.reasoningTokens) * rate.reasoning;
  if (usage.webSearches !== 0) cost += BigInt(usage.webSearches) * rate.perWebSearch;
  if (rate.perUnit > 0n) cost += divideHalfUp(BigInt(usage.quantity) * rate.perUnit, BigInt(rate.unitSize));
  if (rate.perCall > 0n && usage.model !== "") cost += BigInt(usage.quantity) * rate.perCall;
  return cost;
}

/** The names of the flags set in stored bits. */
export function ratingFlags(bits: number): RatingFlag[] {
  return (Object.keys(RATING_FLAG) as RatingFlag[]).filter((flag) => (bits & RATING_FLAG[flag]) !== 0);
}

/** The rate of the event's tier and band, with what deserves a second look about it. */
function tierRate(priced: PricedModel, usage: Usage, flags: number): ChosenRate & { readonly rate: Rate } {
  let rates = priced.rates;
  let bits = flags;
  if (!STANDARD_TIERS.has(usage.serviceTier)) {
    const tier = priced.tiers.get(usage.serviceTier);
    if (tier === undefined) bits |= RATING_FLAG.tierAtStandardPrice;
    else rates = tier;
  }
  const rate = rates.length === 1 ? (rates[0] as Rate) : rateForInput(rates, totalInput(usage));
  if (rate.borrowed !== 0 && borrows(rate, usage)) bits |= RATING_FLAG.bucketAtInputPrice;
  return { rate, entryModel: priced.entry.model, flags: bits };
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
