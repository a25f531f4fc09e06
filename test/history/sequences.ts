// Random histories of one tenant, and what their bill must be: computed here from scratch, sharing no code with the engine.

import { Decimal } from "decimal.js";
import fc from "fast-check";
import type { UsageEvent } from "../../src/domain/metering/index.ts";
import type { PriceEntryInput, PriceRuleInput } from "../../src/domain/pricing/index.ts";

const DAYS = 4;
const START = Date.UTC(2025, 0, 1);
const DAY = 86_400_000;
const MODELS = ["small", "large"] as const;
type Model = (typeof MODELS)[number];

export interface Counts {
  readonly tokensIn: number;
  readonly cachedTokens: number;
  readonly tokensOut: number;
}

export type Step =
  | { readonly do: "record"; readonly at: number; readonly model: Model; readonly counts: Counts }
  | { readonly do: "correct"; readonly pick: number; readonly change: Change }
  | { readonly do: "rerate"; readonly from: number; readonly to: number; readonly model: Model | undefined }
  | {
      readonly do: "price";
      readonly model: Model;
      readonly from: number;
      readonly input: number;
      readonly output: number;
      readonly cached: number | undefined;
    }
  | { readonly do: "rule"; readonly rule: Rule };

type Change =
  | { readonly to: "void" }
  | { readonly to: "counts"; readonly counts: Counts }
  | { readonly to: "model"; readonly model: Model }
  | { readonly to: "time"; readonly at: number };

interface Rule {
  readonly appliesTo: "charge" | "cost";
  readonly everyTenant: boolean;
  readonly model: Model | undefined;
  readonly from: number;
  readonly form:
    | { readonly percent: number }
    | { readonly none: true }
    | { readonly input: number; readonly output: number };
  /** USD per call, in millionths. */
  readonly fee: number;
}

const instant = fc.integer({ min: START, max: START + DAYS * DAY - 1 });
const dayStart = fc.integer({ min: 0, max: DAYS }).map((day) => START + day * DAY);
const model = fc.constantFrom(...MODELS);
const counts: fc.Arbitrary<Counts> = fc
  .record({
    uncached: fc.integer({ min: 0, max: 5_000 }),
    cachedTokens: fc.integer({ min: 0, max: 5_000 }),
    tokensOut: fc.integer({ min: 0, max: 5_000 }),
  })
  .map(({ uncached, cachedTokens, tokensOut }) => ({
    tokensIn: uncached + cachedTokens,
    cachedTokens,
    tokensOut,
  }));
/** Pico-USD per token. */
const price = fc.integer({ min: 0, max: 90_000_000 });

const change: fc.Arbitrary<Change> = fc.oneof(
  fc.record({ to: fc.constant("void" as const) }),
  fc.record({ to: fc.constant("counts" as const), counts }),
  fc.record({ to: fc.constant("model" as const), model }),
  fc.record({ to: fc.constant("time" as const), at: instant }),
);
const rule: fc.Arbitrary<Rule> = fc.record({
  appliesTo: fc.constantFrom("charge", "charge", "cost"),
  everyTenant: fc.boolean(),
  model: fc.option(model, { nil: undefined }),
  from: fc.oneof(fc.constant(0), dayStart),
  form: fc.oneof(
    fc.record({ percent: fc.integer({ min: -1_000_000, max: 2_000_000 }) }),
    fc.record({ none: fc.constant(true as const) }),
    fc.record({ input: price, output: price }),
  ),
  fee: fc.constantFrom(0, 0, 1, 250),
});
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 6, arbitrary: fc.record({ do: fc.constant("record" as const), at: instant, model, counts }) },
  { weight: 4, arbitrary: fc.record({ do: fc.constant("correct" as const), pick: fc.nat(20), change }) },
  {
    weight: 3,
    arbitrary: fc.record({
      do: fc.constant("rerate" as const),
      from: instant,
      to: fc.constant(START + DAYS * DAY),
      model: fc.option(model, { nil: undefined }),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      do: fc.constant("price" as const),
      model,
      from: fc.oneof(fc.constant(0), dayStart, instant),
      input: price,
      output: price,
      cached: fc.option(price, { nil: undefined }),
    }),
  },
  { weight: 2, arbitrary: fc.record({ do: fc.constant("rule" as const), rule }) },
);

/** `count` histories of 6 to 18 steps, the same for the same seed. */
export function histories(count: number, seed: number): Step[][] {
  return fc.sample(fc.array(step, { minLength: 6, maxLength: 18 }), { numRuns: count, seed });
}

interface Row extends Counts {
  readonly at: number;
  readonly model: Model;
  readonly cost: bigint;
  readonly charge: bigint;
}

export interface Bill {
  readonly events: number;
  readonly tokensIn: number;
  readonly cachedTokens: number;
  readonly tokensOut: number;
  readonly cost: string;
  readonly charge: string;
}

/** The tenant's history as it ought to be. `provider` is its own, so that no other history prices its models. */
export class ExpectedHistory {
  readonly #tenant: string;
  readonly #provider: string;
  readonly #prices: Extract<Step, { do: "price" }>[] = [];
  readonly #rules: Rule[] = [];
  /** By id; null where the event was taken back. In the order of arrival. */
  readonly #events = new Map<string, Row | null>();

  constructor(tenant: string, provider: string) {
    this.#tenant = tenant;
    this.#provider = provider;
  }

  /** The event to record. */
  record(step: Extract<Step, { do: "record" }>): UsageEvent {
    const id = `event-${this.#events.size}`;
    this.#events.set(id, this.#priced(step.at, step.model, step.counts));
    const { tokensIn, cachedTokens, tokensOut } = step.counts;
    const names = { id, tenant: this.#tenant, provider: this.#provider, model: step.model };
    return { ...names, timestamp: new Date(step.at), tokensIn, cachedTokens, tokensOut };
  }

  /** The correction to make, or undefined where there is nothing to correct. */
  correct(
    step: Extract<Step, { do: "correct" }>,
  ):
    | { id: string; values: Omit<UsageEvent, "id" | "tenant" | "holdId"> | null; voided: boolean }
    | undefined {
    const ids = [...this.#events.keys()];
    const id = ids[step.pick % Math.max(1, ids.length)];
    if (id === undefined) return undefined;
    const row = this.#events.get(id);
    const { change } = step;
    if (row === null || row === undefined) return { id, values: {}, voided: true };
    if (change.to === "void") {
      this.#events.set(id, null);
      return { id, values: null, voided: false };
    }
    const at = change.to === "time" ? change.at : row.at;
    const model = change.to === "model" ? change.model : row.model;
    const counts = change.to === "counts" ? change.counts : row;
    this.#events.set(id, this.#priced(at, model, counts));
    if (change.to === "time") return { id, values: { timestamp: new Date(at) }, voided: false };
    if (change.to === "model") return { id, values: { model }, voided: false };
    const { tokensIn, cachedTokens, tokensOut } = counts;
    return { id, values: { tokensIn, cachedTokens, tokensOut }, voided: false };
  }

  /** The cost and charge that re-rating adds to the bill. */
  rerate(step: Extract<Step, { do: "rerate" }>): { cost: bigint; charge: bigint } {
    let cost = 0n;
    let charge = 0n;
    for (const [id, row] of this.#events) {
      if (row === null || row.at < step.from || row.at >= step.to) continue;
      if (step.model !== undefined && step.model !== row.model) continue;
      const again = this.#priced(row.at, row.model, row);
      cost += again.cost - row.cost;
      charge += again.charge - row.charge;
      this.#events.set(id, again);
    }
    return { cost, charge };
  }

  /** The entry to add; undefined where one holds its place. */
  price(step: Extract<Step, { do: "price" }>): PriceEntryInput | undefined {
    if (this.#prices.some(({ model, from }) => model === step.model && from === step.from)) return undefined;
    this.#prices.push(step);
    return {
      provider: this.#provider,
      model: step.model,
      input: perMillion(step.input),
      output: perMillion(step.output),
      ...(step.cached !== undefined && { cachedInput: perMillion(step.cached) }),
      ...(step.from !== 0 && { effectiveFrom: new Date(step.from) }),
    };
  }

  /** The rule to add; undefined where one holds its place. */
  rule({ rule }: Extract<Step, { do: "rule" }>): PriceRuleInput | undefined {
    const place = (other: Rule) =>
      JSON.stringify([other.appliesTo, other.everyTenant, other.model, other.from]);
    if (this.#rules.some((other) => place(other) === place(rule))) return undefined;
    this.#rules.push(rule);
    const { form } = rule;
    return {
      appliesTo: rule.appliesTo,
      ...(!rule.everyTenant && { tenant: this.#tenant }),
      provider: this.#provider,
      ...(rule.model !== undefined && { model: rule.model }),
      ...("percent" in form && { percent: new Decimal(form.percent).div(10_000).toFixed() }),
      ...("none" in form && { none: true as const }),
      ...("input" in form && { prices: { input: perMillion(form.input), output: perMillion(form.output) } }),
      ...(rule.fee > 0 && { feePerCall: new Decimal(rule.fee).div(1e6).toFixed() }),
      ...(rule.from !== 0 && { effectiveFrom: new Date(rule.from) }),
    };
  }

  /** The bill of all events, or of those that `select` lets through. */
  bill(select: (row: { at: number; model: Model }) => boolean = () => true): Bill {
    const rows = [...this.#events.values()].filter((row): row is Row => row !== null && select(row));
    const count = (of: (row: Row) => number) => rows.reduce((sum, row) => sum + of(row), 0);
    const money = (of: (row: Row) => bigint) => usd(rows.reduce((sum, row) => sum + of(row), 0n));
    return {
      events: rows.length,
      tokensIn: count((row) => row.tokensIn),
      cachedTokens: count((row) => row.cachedTokens),
      tokensOut: count((row) => row.tokensOut),
      cost: money((row) => row.cost),
      charge: money((row) => row.charge),
    };
  }

  get days(): number[] {
    return Array.from({ length: DAYS }, (_, day) => START + day * DAY);
  }

  get models(): readonly Model[] {
    return MODELS;
  }

  #priced(at: number, model: Model, counts: Counts): Row {
    const { tokensIn, cachedTokens, tokensOut } = counts;
    const listed = this.#prices
      .filter((entry) => entry.model === model && entry.from <= at)
      .sort((a, b) => b.from - a.from)[0];
    // The shipped fallback: $2 and $8 per 1M.
    const list = { input: listed?.input ?? 2_000_000, output: listed?.output ?? 8_000_000 };
    const unit = { ...list, cached: listed?.cached ?? list.input, fee: 0 };
    const costUnit = applied(this.#ruleFor("cost", model, at), unit);
    const chargeUnit = applied(this.#ruleFor("charge", model, at), costUnit);
    const total = (prices: typeof unit) =>
      BigInt(tokensIn - cachedTokens) * BigInt(prices.input) +
      BigInt(cachedTokens) * BigInt(prices.cached) +
      BigInt(tokensOut) * BigInt(prices.output) +
      BigInt(prices.fee);
    return { at, model, tokensIn, cachedTokens, tokensOut, cost: total(costUnit), charge: total(chargeUnit) };
  }

  #ruleFor(appliesTo: "charge" | "cost", model: Model, at: number): Rule | undefined {
    const inForce = this.#rules.filter((rule) => rule.appliesTo === appliesTo && rule.from <= at);
    for (const everyTenant of [false, true]) {
      for (const named of [model, undefined]) {
        const found = inForce
          .filter((rule) => rule.everyTenant === everyTenant && rule.model === named)
          .sort((a, b) => b.from - a.from)[0];
        if (found !== undefined) return found;
      }
    }
    return undefined;
  }
}

interface Unit {
  readonly input: number;
  readonly output: number;
  readonly cached: number;
  /** Pico-USD per call. */
  readonly fee: number;
}

function applied(rule: Rule | undefined, base: Unit): Unit {
  if (rule === undefined) return base;
  const fee = rule.fee * 1_000_000;
  const { form } = rule;
  if ("none" in form) return { input: 0, output: 0, cached: 0, fee };
  if ("input" in form) return { input: form.input, output: form.output, cached: form.input, fee };
  const scaled = (price: number) =>
    new Decimal(price)
      .times(1_000_000 + form.percent)
      .div(1_000_000)
      .toDecimalPlaces(0, Decimal.ROUND_HALF_UP)
      .toNumber();
  return {
    input: scaled(base.input),
    output: scaled(base.output),
    cached: scaled(base.cached),
    fee: scaled(base.fee) + fee,
  };
}

/** Pico-USD per token as USD per 1M tokens. */
function perMillion(pico: number): string {
  return new Decimal(pico).div(1e6).toFixed();
}

export function usd(pico: bigint): string {
  return new Decimal(pico.toString()).div("1e12").toFixed();
}
