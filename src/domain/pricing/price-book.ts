// The book as the rating path reads it: exact ids, the entry in force at an instant, the rate of a tier and band.

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

/** All prices of a database at one version. Immutable; resolution is deterministic and never matches by similarity. */
export class PriceBook {
  readonly version: bigint;
  readonly entries: readonly PriceEntry[];
  readonly #byProvider = new Map<string, Map<string, PricedModel[]>>();
  readonly #rates = new Map<string, Rate>();

  constructor(version: bigint, entries: readonly PriceEntry[]) {
    this.version = version;
    this.entries = [...entries].sort(byPrecedence);
    const priced = this.entries.map(pricedModel);
    for (const model of priced) this.#add(model.entry.model, model);
    for (const model of priced) for (const alias of model.entry.aliases) this.#add(alias, model);
    for (const models of this.#byProvider.values())
      for (const candidates of models.values()) byLayer(candidates);
    for (const { rates, tiers } of priced) {
      for (const rate of [rates, ...tiers.values()].flat()) this.#rates.set(rate.id, rate);
    }
  }

  /**
   * The entry in force at an instant for an exact model id or declared alias, or undefined.
   *
   * Of several: the highest layer, then an exact id before an alias, then the latest `effectiveFrom`.
   */
  resolve(provider: string, model: string, at: number): PricedModel | undefined {
    const candidates = this.#byProvider.get(provider)?.get(model);
    if (candidates === undefined) return undefined;
    for (const candidate of candidates) {
      const { effectiveFrom, effectiveTo } = candidate.entry;
      if (effectiveFrom <= at && (effectiveTo === undefined || at < effectiveTo)) return candidate;
    }
    return undefined;
  }

  /** The rate with this id, whenever it was in force. */
  rate(id: string): Rate | undefined {
    return this.#rates.get(id);
  }

  #add(id: string, model: PricedModel): void {
    let models = this.#byProvider.get(model.entry.provider);
    if (models === undefined) {
      models = new Map();
      this.#byProvider.set(model.entry.provider, models);
    }
    const candidates = models.get(id);
    if (candidates === undefined) models.set(id, [model]);
    else candidates.push(model);
  }
}

/** The rate of a band: the cliff is on total input, and above it every token of the call takes the higher price. */
export function rateForInput(rates: readonly Rate[], totalInputTokens: number): Rate {
  for (const rate of rates) if (totalInputTokens > rate.aboveInputTokens) return rate;
  return rates[rates.length - 1] as Rate;
}

/** Highest layer first; within a layer the order in which they were added stays: exact ids, then aliases. */
function byLayer(candidates: PricedModel[]): void {
  if (candidates.length > 1) candidates.sort((a, b) => b.entry.layer - a.entry.layer);
}

function byPrecedence(a: PriceEntry, b: PriceEntry): number {
  if (a.layer !== b.layer) return b.layer - a.layer;
  if (a.provider !== b.provider) return a.provider < b.provider ? -1 : 1;
  if (a.model !== b.model) return a.model < b.model ? -1 : 1;
  return b.effectiveFrom - a.effectiveFrom;
}

function pricedModel(entry: PriceEntry): PricedModel {
  return {
    entry,
    rates: ratesOf(entry, entry.id, entry),
    tiers: new Map(
      [...entry.tiers].map(([tier, rates]) => [tier, ratesOf(entry, `${entry.id}+${tier}`, rates)]),
    ),
  };
}

function ratesOf(entry: PriceEntry, id: string, prices: TierRates | PriceEntry): readonly Rate[] {
  const bands = prices.bands.map((band) => rateOf(entry, `${id}>${band.aboveInputTokens}`, band));
  return [...bands.reverse(), rateOf(entry, id, { ...prices, aboveInputTokens: -1 })];
}

function rateOf(
  entry: PriceEntry,
  id: string,
  prices: BandRates | (TokenRates & { aboveInputTokens: number }),
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
    borrowed:
      (prices.cachedInput === undefined ? BORROWED.cacheRead : 0) |
      (prices.cacheWrite5m === undefined ? BORROWED.cacheWrite5m : 0) |
      (prices.cacheWrite1h === undefined ? BORROWED.cacheWrite1h : 0),
  };
}
