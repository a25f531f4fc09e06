// An entry of the book with its rates ready to use: integer pico-USD per token, chosen by tier and band.

import type { BandRates, PriceEntry, TierRates, TokenRates } from "./price-entry.ts";

/** Which token buckets of a rate have no price of their own and take the input price. */
export const BORROWED = Object.freeze({ cacheRead: 1, cacheWrite5m: 2, cacheWrite1h: 4 });

/** Everything needed to rate a call: integer pico-USD per token, per search and per unit. */
export interface Rate {
  /** The entry's id, with the tier and band where they differ from the plain price: `price_1a2b+batch>200000`. */
  readonly id: string;
  readonly aboveInputTokens: number;
  readonly input: bigint;
  readonly output: bigint;
  readonly cacheRead: bigint;
  readonly cacheWrite5m: bigint;
  readonly cacheWrite1h: bigint;
  readonly reasoning: bigint;
  readonly perWebSearch: bigint;
  readonly perUnit: bigint;
  readonly unitSize: number;
  /** Per unit of quantity of an event that names a model; only rules set it. */
  readonly perCall: bigint;
  /** {@link BORROWED} bits. */
  readonly borrowed: number;
}

/** An entry of the book with its rates ready to use. */
export interface PricedModel {
  readonly entry: PriceEntry;
  /** Highest band first; the last one has no threshold. */
  readonly rates: readonly Rate[];
  readonly tiers: ReadonlyMap<string, readonly Rate[]>;
}

/** The rate of a band: the cliff is on total input, and above it every token of the call takes the higher price. */
export function rateForInput(rates: readonly Rate[], totalInputTokens: number): Rate {
  for (const rate of rates) if (totalInputTokens > rate.aboveInputTokens) return rate;
  return rates[rates.length - 1] as Rate;
}

/** An entry with its rates; their ids start with the entry's. */
export function pricedModel(entry: PriceEntry, perCall = 0n): PricedModel {
  return {
    entry,
    rates: ratesOf(entry, entry.id, entry, perCall),
    tiers: new Map(
      [...entry.tiers].map(([tier, rates]) => [tier, ratesOf(entry, `${entry.id}+${tier}`, rates, perCall)]),
    ),
  };
}

function ratesOf(
  entry: PriceEntry,
  id: string,
  prices: TierRates | PriceEntry,
  perCall: bigint,
): readonly Rate[] {
  const bands = prices.bands.map((band) => rateOf(entry, `${id}>${band.aboveInputTokens}`, band, perCall));
  return [...bands.reverse(), rateOf(entry, id, { ...prices, aboveInputTokens: -1 }, perCall)];
}

function rateOf(
  entry: PriceEntry,
  id: string,
  prices: BandRates | (TokenRates & { aboveInputTokens: number }),
  perCall: bigint,
): Rate {
  return {
    id,
    aboveInputTokens: prices.aboveInputTokens,
    input: prices.input,
    output: prices.output,
    cacheRead: prices.cachedInput ?? prices.input,
    cacheWrite5m: prices.cacheWrite5m ?? prices.input,
    cacheWrite1h: prices.cacheWrite1h ?? prices.input,
    reasoning: prices.reasoning ?? prices.output,
    perWebSearch: entry.perWebSearch,
    perUnit: entry.perUnit,
    unitSize: entry.unitSize,
    perCall,
    borrowed:
      (prices.cachedInput === undefined ? BORROWED.cacheRead : 0) |
      (prices.cacheWrite5m === undefined ? BORROWED.cacheWrite5m : 0) |
      (prices.cacheWrite1h === undefined ? BORROWED.cacheWrite1h : 0),
  };
}
