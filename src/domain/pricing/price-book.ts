// The book as the rating path reads it: exact ids, the entry in force at an instant, the rules of a tenant.

import type { PriceEntry } from "./price-entry.ts";
import { derivedRate, type PriceRule, splitDerivedId } from "./price-rule.ts";
import { PriceRules } from "./price-rules.ts";
import { type PricedModel, pricedModel, type Rate } from "./priced-model.ts";

/** All prices of a database at one version. Immutable; resolution is deterministic and never matches by similarity. */
export class PriceBook {
  readonly version: bigint;
  readonly entries: readonly PriceEntry[];
  readonly #byProvider = new Map<string, Map<string, PricedModel[]>>();
  readonly rules: PriceRules;
  readonly #rates = new Map<string, Rate>();
  readonly #derived = new Map<PriceRule, Map<Rate | null, Rate>>();

  constructor(version: bigint, entries: readonly PriceEntry[], rules: readonly PriceRule[] = []) {
    this.version = version;
    this.rules = new PriceRules(rules);
    this.entries = [...entries].sort(byPrecedence);
    const priced = this.entries.map((entry) => pricedModel(entry));
    for (const model of priced) this.#add(model.entry.model, model);
    for (const model of priced) for (const alias of model.entry.aliases) this.#add(alias, model);
    for (const models of this.#byProvider.values())
      for (const candidates of models.values()) byLayer(candidates);
    const ruled = rules.map((rule) => rule.prices).filter((prices) => prices !== undefined);
    for (const { rates, tiers } of [...priced, ...ruled]) {
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

  /** Whether a model has an entry of its own, whenever it is or was in force. */
  knows(provider: string, model: string): boolean {
    return this.#byProvider.get(provider)?.has(model) === true;
  }

  /** The rate with this id, whenever it was in force. */
  rate(id: string): Rate | undefined {
    const known = this.#rates.get(id);
    if (known !== undefined) return known;
    const parts = splitDerivedId(id);
    const rule = parts && this.rules.withId(parts.rule);
    if (parts === undefined || rule === undefined || rule.prices !== undefined) return undefined;
    const base = parts.base ? this.rate(parts.base) : null;
    if (base === undefined) return undefined;
    const rate = this.derived(rule, base);
    return rate.id === id ? rate : undefined;
  }

  /** The rate that a rule without prices of its own makes of `base`; made once. */
  derived(rule: PriceRule, base: Rate | null): Rate {
    let rates = this.#derived.get(rule);
    if (rates === undefined) {
      rates = new Map();
      this.#derived.set(rule, rates);
    }
    let rate = rates.get(base);
    if (rate === undefined) {
      rate = derivedRate(rule, base);
      rates.set(base, rate);
    }
    return rate;
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
