// All open budgets of a database, kept between calls while nothing changes. What a transaction changed itself is seen by
// the rest of that transaction, and kept only when somebody else sees it committed.

import type { Clock } from "../../kernel/index.ts";
import type { Reader, Tx } from "../../store/index.ts";
import type { LiveBudget, Override } from "./budget.ts";
import { addedOverridesAcrossTenants, changedBudgetsAcrossTenants, readVersion } from "./budget-store.ts";
import { liveBudget } from "./live-budget.ts";
import { counterKey, type Dimensions, ScopeIndex } from "./scope.ts";

/** A counter that usage falls into. */
export interface CounterRef {
  readonly budget: LiveBudget;
  readonly counter: string;
  readonly periodStart: number;
}

/** One tenant's open budgets and running overrides. */
class TenantBudgets {
  readonly budgets: ReadonlyMap<string, LiveBudget>;
  readonly overrides: readonly Override[];
  #index: ScopeIndex<LiveBudget> | undefined;

  constructor(budgets: ReadonlyMap<string, LiveBudget>, overrides: readonly Override[]) {
    this.budgets = budgets;
    this.overrides = overrides;
  }

  get index(): ScopeIndex<LiveBudget> {
    this.#index ??= new ScopeIndex(this.budgets.values());
    return this.#index;
  }
}

/** The budgets at one version. Immutable. */
export class BudgetBook {
  readonly version: bigint;
  /** Whether any spend names an event. */
  readonly linked: boolean;
  readonly #tenants: ReadonlyMap<string, TenantBudgets>;

  constructor(version: bigint, linked: boolean, tenants: ReadonlyMap<string, TenantBudgets>) {
    this.version = version;
    this.linked = linked;
    this.#tenants = tenants;
  }

  get isEmpty(): boolean {
    return this.#tenants.size === 0;
  }

  has(tenant: string): boolean {
    return this.#tenants.has(tenant);
  }

  find(tenant: string, id: string): LiveBudget | undefined {
    return this.#tenants.get(tenant)?.budgets.get(id);
  }

  /** Calls `found` for every counter of the tenant that usage of these dimensions at an instant falls into. */
  forEachMatch(
    tenant: string,
    dimensions: Dimensions,
    ts: number,
    found: (budget: LiveBudget, counter: string, periodStart: number) => void,
  ): void {
    this.#tenants.get(tenant)?.index.forEach(dimensions, (budget) => {
      const counter = counterKey(budget.compiled.each, dimensions);
      if (counter === undefined) return;
      const periodStart = budget.periodStartAt(ts);
      if (periodStart !== undefined) found(budget, counter, periodStart);
    });
  }

  matches(tenant: string, dimensions: Dimensions, ts: number): CounterRef[] {
    const refs: CounterRef[] = [];
    this.forEachMatch(tenant, dimensions, ts, (budget, counter, periodStart) => {
      refs.push({ budget, counter, periodStart });
    });
    return refs;
  }

  /**
   * The furthest-reaching override of a user on a budget that has not ended; undefined for none. What a plan owns no
   * override lifts: whoever may grant one would pass what the tenant has bought.
   */
  override(budget: LiveBudget, user: string, now: number): Override | undefined {
    if (user === "" || budget.owner === "plan") return undefined;
    let best: Override | undefined;
    for (const override of this.#tenants.get(budget.tenant)?.overrides ?? []) {
      if (override.user !== user || override.until <= now) continue;
      if (override.budget !== "" && override.budget !== budget.id) continue;
      if (override.limit === null) return override;
      if (best === undefined || override.limit > (best.limit ?? 0n)) best = override;
    }
    return best;
  }

  /** This book with later rows in place of its own; closed budgets leave it. */
  with(
    version: { readonly version: bigint; readonly linked: boolean },
    budgets: readonly LiveBudget[],
    overrides: readonly Override[],
  ): BudgetBook {
    const tenants = new Map(this.#tenants);
    const touched = new Set([...budgets, ...overrides].map(({ tenant }) => tenant));
    for (const tenant of touched) {
      const old = tenants.get(tenant);
      const open = new Map(old?.budgets);
      for (const budget of budgets) {
        if (budget.tenant !== tenant) continue;
        if (budget.status === "closed") open.delete(budget.id);
        else open.set(budget.id, budget);
      }
      const running = new Map((old?.overrides ?? []).map((override) => [override.id, override]));
      for (const override of overrides) if (override.tenant === tenant) running.set(override.id, override);
      if (open.size === 0 && running.size === 0) tenants.delete(tenant);
      else tenants.set(tenant, new TenantBudgets(open, [...running.values()]));
    }
    return new BudgetBook(version.version, version.linked, tenants);
  }
}

const EMPTY = new BudgetBook(0n, false, new Map());

/** Reads the book, and keeps it while its version stays. */
export class BudgetBooks {
  readonly #clock: Clock;
  readonly #changing = new WeakSet<Reader>();
  #known: BudgetBook = EMPTY;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** The book as last seen committed: what is known while the database is out of reach. */
  get lastKnown(): BudgetBook {
    return this.#known;
  }

  /** The book as `reader`'s snapshot or transaction sees it. */
  async read(reader: Reader): Promise<BudgetBook> {
    const known = this.#known;
    const version = await readVersion(reader);
    if (version.version === known.version && version.linked === known.linked) return known;
    // An older snapshot than what is known: later definitions are as good for a decision.
    if (version.version < known.version) return known;
    const budgets = await changedBudgetsAcrossTenants(known.version, reader);
    const overrides = await addedOverridesAcrossTenants(known.version, this.#clock.now(), reader);
    const book = known.with(version, budgets.map(liveBudget), overrides);
    // What this transaction has written may be rolled back, and its version then be given to other changes.
    if (!this.#changing.has(reader) && book.version >= this.#known.version) this.#known = book;
    return book;
  }

  /** To be called before a transaction changes a definition: what it reads from then on is its own. */
  changing(tx: Tx): void {
    this.#changing.add(tx);
  }
}
