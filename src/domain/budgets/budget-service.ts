import {
  BillingError,
  type Clock,
  type DecimalInput,
  type Ids,
  invalidInput,
  type Page,
} from "../../kernel/index.ts";
import type { Store, Tx } from "../../store/index.ts";
import { tenantOf } from "../metering/index.ts";
import type { AlertCallback } from "./alert-callbacks.ts";
import { acknowledge, findAlert } from "./alert-store.ts";
import type { Budget } from "./budget.ts";
import { BudgetDefinitions, sameDefinition, withTerms } from "./budget-definitions.ts";
import type { BudgetEngine } from "./budget-engine.ts";
import {
  type BudgetInput,
  type BudgetTermsInput,
  budgetExists,
  budgetIdOf,
  CHANGE_FIELDS,
  changedBudget,
  limitOf,
  parseBudget,
} from "./budget-input.ts";
import { alertPage, existing, type PageQuery, statusOf, transactionPage } from "./budget-reads.ts";
import {
  appendChange,
  findBudget,
  insertOverride,
  listBudgets,
  listChanges,
  nextVersion,
  updateBudget,
} from "./budget-store.ts";
import {
  type AlertRecord,
  alertView,
  type BudgetRecord,
  type BudgetStatusView,
  budgetView,
} from "./budget-view.ts";
import { countersOfBudget, insertReset, writeCounters } from "./counter-store.ts";
import type { BudgetSpend } from "./hold-view.ts";
import { liveBudget, periodOf } from "./live-budget.ts";
import { dimensionOf, fieldsOf, instantOf, notFound, oneOf, textOf } from "./text-input.ts";
import { TREND_STEPS, type TrendPoint, type TrendStep, trendOf } from "./trend.ts";

/** Who did something, and why; kept for ever. */
export interface Deed {
  readonly actor?: string | undefined;
  readonly reason?: string | undefined;
}

interface Doer {
  readonly actor: string;
  readonly reason: string;
}

export interface OverrideInput extends Deed {
  readonly tenant?: string | undefined;
  /** Absent: every budget of the tenant. */
  readonly budget?: string | undefined;
  readonly user: string;
  readonly until: Date;
  /** The limit for this user meanwhile, in the budget's measure (dollars, where no budget is named); absent: none. */
  readonly limit?: DecimalInput | undefined;
}

export interface BudgetOverride {
  readonly id: string;
  readonly budget: string | null;
  readonly user: string;
  readonly until: Date;
}

/** One entry of what was done to a budget. */
export interface BudgetChangeEntry {
  readonly kind: string;
  readonly actor: string;
  readonly reason: string;
  readonly detail: unknown;
  readonly at: Date;
}

/** Definitions of budgets, and how far they are. */
export class BudgetService {
  readonly #store: Store;
  readonly #clock: Clock;
  readonly #ids: Ids;
  readonly #engine: BudgetEngine;
  readonly #definitions: BudgetDefinitions;
  readonly #tenant: string | undefined;

  constructor(
    deps: { store: Store; clock: Clock; ids: Ids; engine: BudgetEngine },
    options: { readonly tenant: string | undefined },
  ) {
    this.#store = deps.store;
    this.#clock = deps.clock;
    this.#ids = deps.ids;
    this.#engine = deps.engine;
    this.#definitions = new BudgetDefinitions(deps.engine);
    this.#tenant = options.tenant;
  }

  /**
   * Makes a budget. It counts from the start of the period it is made in (a `total` one from its creation, or `from`):
   * what was used since is counted in the same transaction, whatever is recorded meanwhile. With an `id` a retry finds
   * the budget that it made.
   *
   * @throws BillingError invalid_input naming the field; conflict `budget_exists` for another budget under the id.
   * @example
   * await budgets.create({ tenant: "acme", name: "per debate", scope: { workspace: "ws", debate: "each" }, limit: "5" });
   */
  async create(input: BudgetInput): Promise<BudgetRecord> {
    const tenant = this.#tenantOf(input.tenant);
    const id = input.id === undefined ? this.#ids.next("bud") : budgetIdOf(input.id);
    const budget = parseBudget(input, { tenant, id, now: this.#clock.now() });
    const deed = deedOf(input);
    return this.#change(async (tx, at) => {
      const known = await findBudget(tenant, id, tx);
      if (known !== undefined) {
        if (!sameDefinition(known, budget)) throw budgetExists(id);
        // It would look as if it were made, and hold nothing.
        if (known.status === "closed") throw closed(id);
        return budgetView(known);
      }
      return budgetView(await this.#definitions.insert(tx, budget, { ...deed, at }));
    });
  }

  /** @throws BillingError not_found `budget_not_found`. */
  async get(id: string, tenant?: string): Promise<BudgetRecord> {
    const whose = this.#tenantOf(tenant);
    return this.#store.read(async (reader) => budgetView(existing(await findBudget(whose, id, reader), id)));
  }

  /** In the order of their creation; closed ones only when asked for. */
  async list(query: { tenant?: string; closed?: boolean } = {}): Promise<BudgetRecord[]> {
    const tenant = this.#tenantOf(query.tenant);
    const withClosed = query.closed === true;
    const budgets = await this.#store.read((reader) => listBudgets(tenant, withClosed, reader));
    return budgets.map(budgetView);
  }

  /**
   * Changes limit, thresholds, overage, recipients or name; what a budget is about cannot change: close it and make
   * another one. Thresholds that the new limit has passed are alerted now, those alerted before are not again. A raised
   * limit resumes what a threshold suspended.
   *
   * @throws BillingError not_found; invalid_input; failed_precondition `budget_closed`.
   */
  async update(id: string, changes: BudgetTermsInput & Deed, tenant?: string): Promise<BudgetRecord> {
    const given = fieldsOf(changes, CHANGE_FIELDS, "changes");
    const deed = deedOf(changes);
    const terms = given.limit !== undefined || given.thresholds !== undefined;
    return this.#edit(id, tenant, "update", deed, (budget, at) => {
      if (budget.status === "closed") throw closed(id);
      const next = changedBudget(budget, given);
      return terms ? withTerms(budget, next, at) : next;
    });
  }

  /** Refuses all requests until it is resumed; usage goes on counting. Idempotent. */
  suspend(id: string, deed: Deed = {}, tenant?: string): Promise<BudgetRecord> {
    return this.#edit(id, tenant, "suspend", deedOf(deed), (budget) => {
      if (budget.status === "closed") throw closed(id);
      return { ...budget, status: "suspended", suspendedBy: "caller" };
    });
  }

  /** Ends a suspension, whoever made it. Idempotent. */
  resume(id: string, deed: Deed = {}, tenant?: string): Promise<BudgetRecord> {
    return this.#edit(id, tenant, "resume", deedOf(deed), (budget) => {
      if (budget.status === "closed") throw closed(id);
      return { ...budget, status: "active", suspendedBy: "" };
    });
  }

  /** Ends a budget for good: it neither counts nor refuses any more, its history stays. Idempotent. */
  close(id: string, deed: Deed = {}, tenant?: string): Promise<BudgetRecord> {
    return this.#edit(id, tenant, "close", deedOf(deed), (budget) => ({
      ...budget,
      status: "closed",
      suspendedBy: "",
    }));
  }

  /**
   * Lets one user pass a limit until `until`: beyond it, or up to `limit`. Several run side by side, each with its own
   * end; the furthest-reaching counts. Overrides are never edited.
   *
   * @throws BillingError not_found; invalid_input `override_in_past`.
   */
  async override(input: OverrideInput): Promise<BudgetOverride> {
    const given = fieldsOf(
      input,
      ["tenant", "budget", "user", "until", "limit", "actor", "reason"],
      "override",
    );
    const tenant = this.#tenantOf(input.tenant);
    const user = textOf(given.user, "user");
    const until = instantOf(given.until, "until");
    const now = this.#clock.now();
    if (until === undefined || until <= now)
      throw invalidInput("until", "override_in_past", "until must be in the future: an override has an end");
    const deed = deedOf(input);
    const id = this.#ids.next("ovr");
    const budget = dimensionOf(given.budget, "budget");
    if (budget === "" && given.limit !== undefined && given.limit !== null)
      throw invalidInput(
        "limit",
        "needs_budget",
        "limit needs a budget: without one budgets of every measure are meant",
      );
    await this.#change(async (tx) => {
      const known =
        budget === "" ? undefined : ownBudget(existing(await findBudget(tenant, budget, tx), budget));
      const limit = limitOf(given.limit, known?.measure ?? "usd", "limit") ?? null;
      const override = { tenant, id, budget, user, until, limit, ...deed, createdAt: now };
      await insertOverride(tx, override, await nextVersion(tx));
      const detail = JSON.stringify({
        override: id,
        user,
        until,
        limit: limit === null ? null : String(limit),
      });
      await appendChange(tx, { tenant, budget, kind: "override", ...deed, detail, at: now });
    });
    return { id, budget: budget === "" ? null : budget, user, until: new Date(until) };
  }

  /**
   * Starts counting anew in the present period: what was counted is kept as a reset, thresholds can be crossed again,
   * and what a threshold suspended is resumed. Holds stay.
   *
   * @throws BillingError not_found; failed_precondition `budget_closed`.
   */
  async reset(id: string, deed: Deed = {}, tenant?: string): Promise<BudgetRecord> {
    const whose = this.#tenantOf(tenant);
    const by = deedOf(deed);
    return this.#change(async (tx, now) => {
      const budget = ownBudget(existing(await findBudget(whose, id, tx), id));
      if (budget.status === "closed") throw closed(id);
      const counters = await countersOfBudget(whose, id, periodOf(budget, now).start, tx, "FOR UPDATE");
      for (const counter of counters) {
        const { spent, resets } = counter;
        await insertReset(tx, { ...counter, number: resets + 1, spent, ...by, at: now });
      }
      await writeCounters(
        tx,
        counters.map((counter) => ({ ...counter, spent: 0n, alertedBps: 0, resets: counter.resets + 1 })),
      );
      const resumed: Budget =
        budget.suspendedBy === "threshold" ? { ...budget, status: "active", suspendedBy: "" } : budget;
      await updateBudget(tx, resumed, await nextVersion(tx));
      await this.#definitions.log(tx, budget, "reset", { ...by, at: now }, { counters: counters.length });
      return budgetView(resumed);
    });
  }

  /** How far a budget is in the period of `at` (default now): per counter what was spent and is held. */
  async status(id: string, query: { tenant?: string; at?: Date } = {}): Promise<BudgetStatusView> {
    const tenant = this.#tenantOf(query.tenant);
    const at = instantOf(query.at, "at") ?? this.#clock.now();
    return this.#store.read(async (reader) => {
      const budget = liveBudget(existing(await findBudget(tenant, id, reader), id));
      return { ...budgetView(budget), counters: await statusOf(budget, at, reader) };
    });
  }

  /** Every budget that is not closed, with how far it is now. */
  async summary(tenant?: string): Promise<BudgetStatusView[]> {
    const whose = this.#tenantOf(tenant);
    const now = this.#clock.now();
    return this.#store.read(async (reader) => {
      const views: BudgetStatusView[] = [];
      for (const budget of (await listBudgets(whose, true, reader)).map(liveBudget)) {
        if (budget.status === "closed") continue;
        views.push({ ...budgetView(budget), counters: await statusOf(budget, now, reader) });
      }
      return views;
    });
  }

  /** What was done to a budget, by whom and why, oldest first. */
  async changes(id: string, tenant?: string): Promise<BudgetChangeEntry[]> {
    const whose = this.#tenantOf(tenant);
    const changes = await this.#store.read(async (reader) => {
      existing(await findBudget(whose, id, reader), id);
      return listChanges(whose, id, reader);
    });
    return changes.map(({ kind, actor, reason, detail, at }) => ({
      ...{ kind, actor, reason, detail: JSON.parse(detail) as unknown, at: new Date(at) },
    }));
  }

  /** Spend without events, newest first: recorded spends and captured holds. Usage with events is metering's. */
  async transactions(query: PageQuery & { tenant?: string } = {}): Promise<Page<BudgetSpend>> {
    const tenant = this.#tenantOf(query.tenant);
    return this.#store.read((reader) => transactionPage(tenant, query, reader));
  }

  /** What was spent over time, oldest first, in UTC; spans without spend are left out. */
  async trends(
    id: string,
    query: { tenant?: string; by: TrendStep; from: Date; to: Date },
  ): Promise<TrendPoint[]> {
    const tenant = this.#tenantOf(query.tenant);
    const by = oneOf(query.by, TREND_STEPS, "by");
    const from = instantOf(query.from, "from") ?? 0;
    const to = instantOf(query.to, "to") ?? 0;
    if (from >= to) throw invalidInput("to", "invalid_period", "to must be after from");
    return this.#store.read(async (reader) => {
      const budget = liveBudget(existing(await findBudget(tenant, id, reader), id));
      return trendOf(budget, { by, from, to }, reader);
    });
  }

  /** Crossed thresholds, newest first. */
  async alerts(query: PageQuery & { tenant?: string } = {}): Promise<Page<AlertRecord>> {
    const tenant = this.#tenantOf(query.tenant);
    return this.#store.read((reader) => alertPage(tenant, query, reader));
  }

  /** Marks an alert as seen. Idempotent: the first one stays. @throws BillingError not_found `alert_not_found`. */
  async acknowledgeAlert(id: string, by: string, tenant?: string): Promise<AlertRecord> {
    const whose = this.#tenantOf(tenant);
    const who = textOf(by, "by");
    return this.#store.transaction(async (tx) => {
      await acknowledge(tx, whose, id, who, this.#clock.now());
      const alert = await findAlert(whose, id, tx);
      if (alert === undefined) throw notFound("alert", id);
      const budget = existing(await findBudget(whose, alert.budget, tx), alert.budget);
      return alertView(alert, liveBudget(budget));
    });
  }

  /**
   * Calls `callback` for every alert that this process raises, after its commit and before the call that caused it
   * returns. A convenience: a slow or throwing
   * callback delays and loses nothing, and a process that dies before the call never makes it. Returns what removes it.
   */
  addAlertCallback(callback: AlertCallback): () => void {
    return this.#engine.callbacks.add(callback);
  }

  async #edit(
    id: string,
    tenant: string | undefined,
    kind: string,
    deed: Doer,
    edit: (budget: Budget, at: number) => Budget,
  ): Promise<BudgetRecord> {
    const whose = this.#tenantOf(tenant);
    return this.#change(async (tx, at) => {
      const budget = ownBudget(existing(await findBudget(whose, id, tx), id));
      const next = edit(budget, at);
      return budgetView(await this.#definitions.edit(tx, budget, next, kind, { ...deed, at }));
    });
  }

  #change<T>(work: (tx: Tx, at: number) => Promise<T>): Promise<T> {
    return this.#store.transaction(async (tx) => {
      await this.#definitions.lock(tx);
      return work(tx, this.#clock.now());
    });
  }

  #tenantOf(named: string | undefined): string {
    return tenantOf(named, this.#tenant);
  }
}

/** @throws BillingError forbidden `budget_owned_by_plan`. */
function ownBudget(budget: Budget): Budget {
  if (budget.owner === "") return budget;
  const text = `the budget ${JSON.stringify(budget.id)} is the plan's: change the subscription`;
  throw new BillingError("forbidden", "budget_owned_by_plan", text, { details: { budget: budget.id } });
}

function closed(id: string): BillingError {
  const text = `the budget ${JSON.stringify(id)} is closed: make another one`;
  return new BillingError("failed_precondition", "budget_closed", text, { details: { budget: id } });
}

function deedOf({ actor, reason }: Deed): Doer {
  return { actor: dimensionOf(actor, "actor"), reason: dimensionOf(reason, "reason", 1_000) };
}
