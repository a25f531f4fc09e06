// What budgets must say, from src/domain/budgets/README.md: sums over plain lists, made anew for every question.

import type { Amounts } from "./amounts.ts";
import { periodAround, type Span } from "./calendar.ts";
import { DIMENSIONS, type Dimension, type Names } from "./expected-usage.ts";

export type Measure = "usd" | "tokens" | "debates" | "calls";
export type Action = "notify" | "warn" | "soft_limit" | "hard_limit" | "suspend";
export type Period = "daily" | "weekly" | "monthly" | "quarterly" | "annual" | "total";

export interface Threshold {
  /** Hundredths of a percent. */
  readonly bps: number;
  readonly action: Action;
}

/** What can change of a budget. Amounts are pico-USD, or counts. */
export interface Terms {
  /** Null: unlimited. */
  readonly limit: bigint | null;
  /** Lowest first. */
  readonly thresholds: readonly Threshold[];
  /** Spending beyond the limit is admitted up to `cap`; null: no end. */
  readonly overage: { readonly cap: bigint | null } | null;
  readonly emails: readonly string[];
}

export interface BudgetTerms extends Terms {
  readonly tenant: string;
  readonly id: string;
  readonly scope: Readonly<Partial<Record<Dimension, string>>>;
  readonly measure: Measure;
  readonly money: "cost" | "charge";
  readonly period: Period;
  readonly zone: string;
  readonly anchor: number | null;
  readonly rollover: boolean;
  /** Of a `total` budget: since when it counts; null: its creation. */
  readonly from: number | null;
}

export interface Budget extends BudgetTerms {
  status: "active" | "suspended" | "closed";
  suspendedBy: "threshold" | "caller" | null;
  readonly countsFrom: number;
  /** The first posting that it does not count any more. */
  endsWith: number;
}

/** What one commit adds to the usage on record. */
export interface Posting {
  readonly tenant: string;
  readonly names: Names;
  readonly at: number;
  readonly amounts: Amounts;
  /** A spend that an event tells again, and what takes it back: together they are no usage. */
  isTold?: boolean;
}

/** Room that a hold keeps in one counter. */
export interface Part {
  readonly budget: string;
  readonly key: string;
  readonly start: number;
  readonly amount: bigint;
  remaining: bigint;
}

export interface OpenHold {
  readonly tenant: string;
  readonly expiresAt: number;
  readonly isOpen: boolean;
  readonly parts: readonly Part[];
}

export interface CounterPlace {
  readonly budget: Budget;
  readonly key: string;
  readonly start: number;
}

/** A counter that is there: what was settled when it was made, and since its last reset. */
interface Made {
  readonly place: CounterPlace;
  readonly carry: bigint;
  resets: number;
  /** The first posting since the last reset. */
  since: number;
  alerted: Set<number>;
  /** The highest threshold that it was found to have reached since its terms were last judged. */
  reached: number;
}

export interface Alert {
  readonly tenant: string;
  readonly budget: string;
  readonly key: string;
  readonly start: number;
  readonly bps: number;
  readonly action: Action;
  readonly spent: bigint;
  readonly limit: bigint;
  readonly raisedAt: number;
  readonly receivers: number;
}

interface Override {
  readonly tenant: string;
  /** '': all of the tenant's. */
  readonly budget: string;
  readonly user: string;
  readonly until: number;
  readonly limit: bigint | null;
}

/** What a budget says to a request. */
export interface Opinion {
  readonly place: CounterPlace;
  readonly reason: "budget_exceeded" | "budget_suspended" | null;
  readonly requested: bigint;
  readonly spent: bigint;
  readonly held: bigint;
  readonly limit: bigint | null;
  readonly remaining: bigint | null;
  readonly overage: bigint;
}

export interface Asked {
  readonly tenant: string;
  readonly names: Names;
  readonly at: number;
  readonly amounts: Amounts;
  /** Measures that the request says nothing about. */
  readonly unknownUsd: boolean;
  readonly unknownTokens: boolean;
}

const END_OF_TIME = Number.MAX_SAFE_INTEGER;

export class ExpectedBudgets {
  readonly budgets: Budget[] = [];
  readonly alerts: Alert[] = [];
  /** Of one tenant, with the place of each among all postings. */
  readonly #postings = new Map<string, { number: number; posting: Posting }[]>();
  #posted = 0;
  readonly #made = new Map<string, Made>();
  readonly #overrides: Override[] = [];
  readonly #holds: () => readonly OpenHold[];
  readonly #now: () => number;

  constructor(now: () => number, holds: () => readonly OpenHold[]) {
    this.#now = now;
    this.#holds = holds;
  }

  find(tenant: string, id: string): Budget | undefined {
    return this.budgets.find((budget) => budget.tenant === tenant && budget.id === id);
  }

  open(tenant: string): Budget[] {
    return this.budgets.filter((budget) => budget.tenant === tenant && budget.status !== "closed");
  }

  // Definitions

  create(terms: BudgetTerms, now = this.#now()): Budget {
    const countsFrom =
      terms.period === "total"
        ? (terms.from ?? now)
        : periodAround(now, terms.period, terms.zone, terms.anchor).start;
    const budget: Budget = {
      ...terms,
      ...{ status: "active", suspendedBy: null, countsFrom, endsWith: END_OF_TIME },
    };
    this.budgets.push(budget);
    const places = this.#allPostings(budget.tenant).flatMap(({ posting }) => {
      if (posting.isTold === true) return [];
      const place = this.#placeOf(budget, posting.names, posting.at);
      return place === undefined ? [] : [place];
    });
    for (const place of places.sort((a, b) => a.start - b.start)) this.#make(place);
    for (const place of places) this.#judge(place);
    return budget;
  }

  update(budget: Budget, changes: Partial<Terms>, now = this.#now()): void {
    const { limit } = changes;
    const raised = limit !== undefined && budget.limit !== null && (limit === null || limit > budget.limit);
    Object.assign(budget, changes);
    if (raised && budget.suspendedBy === "threshold") this.resume(budget);
    this.#judgePresent(budget, now);
  }

  suspend(budget: Budget): void {
    Object.assign(budget, { status: "suspended", suspendedBy: "caller" });
  }

  resume(budget: Budget): void {
    Object.assign(budget, { status: "active", suspendedBy: null });
  }

  close(budget: Budget): void {
    Object.assign(budget, { status: "closed", suspendedBy: null, endsWith: this.#posted });
  }

  /** Counting starts anew in the present period; what a threshold suspended is resumed. */
  reset(budget: Budget): void {
    const { start } = this.periodOf(budget, this.#now());
    for (const made of this.#made.values()) {
      if (made.place.budget !== budget || made.place.start < start) continue;
      made.resets += 1;
      made.since = this.#posted;
      Object.assign(made, { alerted: new Set(), reached: 0 });
    }
    if (budget.suspendedBy === "threshold") this.resume(budget);
  }

  override(override: Override): void {
    this.#overrides.push(override);
  }

  hasTerms(tenant: string): boolean {
    return this.open(tenant).length > 0 || this.#overrides.some((override) => override.tenant === tenant);
  }

  // Counting

  /** Usage of one commit. */
  post(postings: readonly Posting[], carries: ReadonlyMap<string, bigint> = this.carriesFor(postings)): void {
    const touched = this.#touchedBy(postings);
    for (const place of touched) this.#make(place, carries.get(textOf(place)));
    for (const posting of postings) {
      this.#allPostings(posting.tenant).push({ number: this.#posted, posting });
      this.#posted += 1;
    }
    // What takes away as much as it adds changes no counter.
    for (const place of touched) if (this.#added(place, postings) !== 0n) this.#judge(place);
  }

  #added({ budget, key, start }: CounterPlace, postings: readonly Posting[]): bigint {
    return postings
      .filter((posting) => {
        const place = posting.tenant === budget.tenant && this.#placeOf(budget, posting.names, posting.at);
        return place && place.key === key && place.start === start;
      })
      .reduce((sum, { amounts }) => sum + measured(budget, amounts), 0n);
  }

  /** What is carried over into the counters that usage falls into, as it is now. */
  carriesFor(postings: readonly Posting[]): Map<string, bigint> {
    return new Map(this.#touchedBy(postings).map((place) => [textOf(place), this.carryOf(place)]));
  }

  #touchedBy(postings: readonly Posting[]): CounterPlace[] {
    return postings.flatMap((posting) =>
      this.placesOf(posting).filter(({ budget }) => measured(budget, posting.amounts) !== 0n),
    );
  }

  /** A counter is there from the first hold on it, or the first usage that counts. */
  make(places: readonly CounterPlace[], carries?: ReadonlyMap<string, bigint>): void {
    for (const place of places) this.#make(place, carries?.get(textOf(place)));
  }

  placesOf({ tenant, names, at }: Pick<Posting, "tenant" | "names" | "at">): CounterPlace[] {
    return this.open(tenant).flatMap((budget) => {
      const place = this.#placeOf(budget, names, at);
      return place === undefined ? [] : [place];
    });
  }

  spent(place: CounterPlace): bigint {
    const { budget, key, start } = place;
    const { end } = this.periodOf(budget, start);
    const since = this.#made.get(textOf(place))?.since ?? 0;
    let sum = 0n;
    for (const { number, posting } of this.#allPostings(budget.tenant)) {
      if (number < since || number >= budget.endsWith || posting.at < start || posting.at >= end) continue;
      if (keyOf(budget, posting.names) === key) sum += measured(budget, posting.amounts);
    }
    return sum;
  }

  /** What open holds keep; `withDue`: also of those whose time is over and that nobody has tidied away. */
  held({ budget, key, start }: CounterPlace, withDue = false): bigint {
    let sum = 0n;
    for (const hold of this.#holds()) {
      if (!hold.isOpen || hold.tenant !== budget.tenant) continue;
      if (!withDue && hold.expiresAt <= this.#now()) continue;
      for (const part of hold.parts)
        if (part.budget === budget.id && part.key === key && part.start === start) sum += part.remaining;
    }
    return sum;
  }

  /** The unused rest of the period before, at most one limit; fixed when the counter is made. */
  carryOf(place: CounterPlace): bigint {
    const made = this.#made.get(textOf(place));
    if (made !== undefined) return made.carry;
    const { budget, key, start } = place;
    if (!budget.rollover || budget.limit === null) return 0n;
    const before = { budget, key, start: this.periodOf(budget, start - 1).start };
    if (before.start < budget.countsFrom) return 0n;
    const previous = this.#made.get(textOf(before));
    if (previous === undefined) return eachOf(budget).length === 0 ? budget.limit : 0n;
    const rest = budget.limit + previous.carry - atLeast0(this.spent(before)) - this.held(before);
    return rest < 0n ? 0n : rest < budget.limit ? rest : budget.limit;
  }

  /** Every counter of a budget, or those of one period. */
  countersOf(budget: Budget, start?: number): { place: CounterPlace; alerted: ReadonlySet<number> }[] {
    return [...this.#made.values()].filter(
      ({ place }) => place.budget === budget && (start === undefined || place.start === start),
    );
  }

  periodOf(budget: BudgetTerms & { readonly countsFrom: number }, at: number): Span {
    if (budget.period !== "total") return periodAround(at, budget.period, budget.zone, budget.anchor);
    if (at < budget.countsFrom) return { start: -END_OF_TIME, end: budget.countsFrom };
    return { start: budget.countsFrom, end: END_OF_TIME };
  }

  // Decisions

  /** What every budget says to a request that meets it. */
  opinions(asked: Asked): Opinion[] {
    return this.placesOf(asked).map((place) => {
      return this.#opinion(place, asked, this.carryOf(place));
    });
  }

  #opinion(place: CounterPlace, asked: Asked, carry: bigint): Opinion {
    const { budget } = place;
    const requested = measured(budget, asked.amounts);
    const spent = this.spent(place);
    const held = this.held(place);
    const used = atLeast0(spent) + held;
    const limit = budget.limit === null ? null : budget.limit + carry;
    const override = this.#overrideFor(budget, asked.names.user);
    const ceiling = ceilingOf(budget, limit, override);
    const lifted = override !== undefined && budget.suspendedBy === "threshold";
    const isUnknown =
      (budget.measure === "usd" && asked.unknownUsd) || (budget.measure === "tokens" && asked.unknownTokens);
    const least = isUnknown && requested === 0n ? 1n : requested;
    const exceeds = ceiling !== null && (ceiling === 0n || used + least > ceiling);
    const reason =
      budget.status === "suspended" && !lifted ? "budget_suspended" : exceeds ? "budget_exceeded" : null;
    const beyond = (amount: bigint) => (limit === null || amount <= limit ? 0n : amount - limit);
    const marked = budget.overage !== null && reason === null;
    return {
      ...{ place, reason, requested, spent, held, limit },
      remaining: ceiling === null ? null : atLeast0(ceiling - used),
      overage: marked ? beyond(used + requested) - beyond(used) : 0n,
    };
  }

  /** The furthest-reaching one that runs; undefined for none. */
  #overrideFor(budget: Budget, user: string): Override | undefined {
    if (user === "") return undefined;
    const running = this.#overrides.filter(
      (override) =>
        override.tenant === budget.tenant &&
        (override.budget === "" || override.budget === budget.id) &&
        override.user === user &&
        override.until > this.#now(),
    );
    return running.sort((a, b) => {
      if (a.limit === null || b.limit === null)
        return (a.limit === null ? 0 : 1) - (b.limit === null ? 0 : 1);
      return a.limit > b.limit ? -1 : 1;
    })[0];
  }

  // Alerts

  #judge(place: CounterPlace): void {
    const { budget, key, start } = place;
    const made = this.#made.get(textOf(place));
    if (made === undefined || budget.limit === null || budget.status === "closed") return;
    const limit = budget.limit + made.carry;
    const spent = this.spent(place);
    for (const { bps, action } of budget.thresholds) {
      const isReached = spent > 0n && spent * 10_000n >= limit * BigInt(bps);
      // Periods that were over when the terms changed keep to what they had been judged by.
      if (!isReached || bps <= made.reached) continue;
      made.reached = bps;
      if (made.alerted.has(bps)) continue;
      made.alerted.add(bps);
      this.alerts.push({
        ...{ tenant: budget.tenant, budget: budget.id, key, start, bps, action, spent, limit },
        ...{ raisedAt: this.#now(), receivers: Math.max(1, budget.emails.length) },
      });
      if (action === "suspend" && budget.status === "active")
        Object.assign(budget, { status: "suspended", suspendedBy: "threshold" });
    }
  }

  /** New terms are judged at once in the present period. */
  #judgePresent(budget: Budget, now: number): void {
    const { start } = this.periodOf(budget, now);
    for (const { place } of this.countersOf(budget)) {
      if (place.start < start) continue;
      const made = this.#made.get(textOf(place));
      if (made !== undefined) made.reached = 0;
      this.#judge(place);
    }
  }

  #make(place: CounterPlace, carry = this.carryOf(place)): void {
    const text = textOf(place);
    if (this.#made.has(text)) return;
    this.#made.set(text, { place, carry, resets: 0, since: 0, alerted: new Set(), reached: 0 });
  }

  #placeOf(budget: Budget, names: Names, at: number): CounterPlace | undefined {
    const key = keyOf(budget, names);
    if (key === undefined) return undefined;
    const { start } = this.periodOf(budget, at);
    return start < budget.countsFrom ? undefined : { budget, key, start };
  }

  #allPostings(tenant: string): { number: number; posting: Posting }[] {
    let postings = this.#postings.get(tenant);
    if (postings === undefined) {
      postings = [];
      this.#postings.set(tenant, postings);
    }
    return postings;
  }
}

/** What of some usage a budget counts. */
export function measured({ measure, money }: BudgetTerms, amounts: Amounts): bigint {
  return measure === "usd" ? amounts[money] : amounts[measure];
}

/** The dimensions with a counter for each of their values. */
export function eachOf({ scope }: BudgetTerms): Dimension[] {
  return DIMENSIONS.filter((dimension) => scope[dimension] === "each");
}

/** Which counter usage falls into; undefined for none. */
function keyOf(budget: BudgetTerms, names: Names): string | undefined {
  const values: string[] = [];
  for (const dimension of DIMENSIONS) {
    const wanted = budget.scope[dimension];
    if (wanted === undefined) continue;
    const value = names[dimension];
    if (wanted === "each" ? value === "" : value !== wanted) return undefined;
    if (wanted === "each") values.push(value);
  }
  return values.join(" / ");
}

/** The most that spent and held may be together; null: no end. */
export function ceilingOf(
  budget: Terms,
  limit: bigint | null,
  override: Pick<Override, "limit"> | undefined,
): bigint | null {
  if (limit === null || override?.limit === null) return null;
  const refusing = budget.thresholds.find(({ action }) => action === "hard_limit" || action === "suspend");
  const { overage } = budget;
  if (overage?.cap === null || (overage === null && refusing === undefined)) return null;
  const own = overage === null ? (limit * BigInt(refusing?.bps ?? 0)) / 10_000n : limit + (overage.cap ?? 0n);
  return override !== undefined && override.limit > own ? override.limit : own;
}

export function atLeast0(amount: bigint): bigint {
  return amount > 0n ? amount : 0n;
}

function textOf({ budget, key, start }: CounterPlace): string {
  return `${budget.tenant}\n${budget.id}\n${key}\n${start}`;
}
