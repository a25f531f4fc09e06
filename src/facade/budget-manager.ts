import type { Decimal } from "decimal.js";
import type { Billing } from "../billing.ts";
import type {
  BudgetCheck,
  BudgetDecision,
  BudgetOverride,
  BudgetRecord,
  BudgetSpend,
  BudgetStatusView,
  RecordedSpend,
  TrendPoint,
  TrendStep,
} from "../domain/budgets/index.ts";
import type { Recipient } from "../domain/notifications/index.ts";
import { type DecimalInput, HOUR_MS, invalidInput, type Page } from "../kernel/index.ts";
import { type BudgetAlert, storedAlert } from "./budget-alert.ts";
import {
  BudgetPeriod,
  type BudgetThreshold,
  type OverageTerms,
  periodName,
  termsOf,
} from "./budget-terms.ts";
import { checkFields, named } from "./checked-call.ts";
import { defaultBilling } from "./default-billing.ts";

/** The manager has no settings: what it needs is the engine's. */
export type BudgetManagerOptions = Readonly<Record<string, never>>;

interface Whose {
  /** Absent: the tenant of `withTenant`, else the instance's. */
  readonly orgId?: string | undefined;
}

/** One budget of an organization. */
export interface BudgetKey extends Whose {
  readonly budgetId: string;
}

/** A change of a budget, and who wants it. */
export interface BudgetDeed extends BudgetKey {
  readonly actor?: string | undefined;
  readonly reason?: string | undefined;
}

/** A budget on all usage of an organization. */
export interface NewBudget extends Whose, OverageTerms {
  /** With one, a retry finds the budget that it made. */
  readonly id?: string | undefined;
  readonly name: string;
  /** Exact decimal dollars; 0 blocks everything. */
  readonly amountUsd: DecimalInput;
  /** Default `monthly`. */
  readonly period?: BudgetPeriod | undefined;
  /** Suspends the budget when all of it is spent. Default: true, unless overage is allowed. */
  readonly autoSuspend?: boolean | undefined;
  /** Default: 50 % notify, 75 % warn, 90 % soft_limit, 100 % hard_limit. */
  readonly thresholds?: readonly BudgetThreshold[] | undefined;
  /** Who is told of alerts. Absent: the operator's webhook, or the log. */
  readonly notify?: readonly Recipient[] | undefined;
}

/** What usage is asked for or recorded about. */
export interface ManagedSpend extends Whose {
  /** Exact decimal dollars. */
  readonly amountUsd: DecimalInput;
  readonly userId?: string | undefined;
  readonly workspaceId?: string | undefined;
  readonly debateId?: string | undefined;
}

/** The answer to "may this be spent?". */
export interface SpendResult {
  readonly allowed: boolean;
  readonly reason: BudgetCheck["reason"];
  readonly message: string;
  readonly warnings: readonly string[];
  /** Whether some of it is beyond a budget that allows that. */
  readonly isOverage: boolean;
  /** Of the budget with the most of it. */
  readonly overageAmountUsd: Decimal | null;
  readonly overageRateMultiplier: string | null;
  readonly budgets: readonly BudgetDecision[];
}

const WHOSE = ["orgId"] as const;
const KEY = [...WHOSE, "budgetId"] as const;
const DEED = [...KEY, "actor", "reason"] as const;
const SPEND = [...WHOSE, "amountUsd", "userId", "workspaceId", "debateId"] as const;
const OVERAGE = ["allowOverage", "overageRateMultiplier", "maxOverageUsd"] as const;
const NEW = [
  ...(["orgId", "id", "name", "amountUsd", "period", "autoSuspend", "thresholds", "notify"] as const),
  ...OVERAGE,
] as const satisfies readonly (keyof NewBudget)[];
const NAMES = {
  ...{ limit: "amountUsd", estimatedCostUsd: "amountUsd", tenant: "orgId", key: "id" },
  ...{ "overage.multiplier": "overageRateMultiplier", "overage.cap": "maxOverageUsd" },
  ...{ "dimensions.user": "userId", "dimensions.workspace": "workspaceId", "dimensions.debate": "debateId" },
};
const MAX_OVERRIDE_HOURS = 24 * 366;

/**
 * Budgets of organizations: a preset of the engine in which an organization is a tenant and a budget is on all its usage,
 * recorded through whichever class. Amounts are exact: a number is read by its shortest decimal text. Every method throws
 * BillingError invalid_input naming a field that is wrong or unknown, and not_found for a budget that the organization
 * does not have.
 *
 * @example
 * const manager = getBudgetManager();
 * const budget = await manager.createBudget({ orgId: "org_123", name: "Engineering", amountUsd: 5000 });
 * const result = await manager.canSpend({ orgId: "org_123", amountUsd: 150, userId: "user_456" });
 * if (!result.allowed) throw new Error(result.message);
 */
export class BudgetManager {
  readonly #billing: Billing;

  constructor(_options: BudgetManagerOptions = {}, billing: Billing = defaultBilling()) {
    this.#billing = billing;
  }

  /**
   * Makes a budget. It counts from the start of its period: what was used since is counted at once.
   *
   * @throws BillingError conflict `budget_exists` for another budget under the id.
   */
  async createBudget(budget: NewBudget): Promise<BudgetRecord> {
    checkFields(budget, NEW, "budget");
    const { orgId, id, name, amountUsd, notify, period = BudgetPeriod.MONTHLY } = budget;
    const terms = termsOf(budget.thresholds, budget.autoSuspend, budget);
    const input = {
      tenant: orgId,
      id,
      name,
      limit: requiredAmount(amountUsd),
      period: periodName(period),
      notify,
    };
    return named(NAMES, () => this.#billing.budgets.create({ ...input, ...terms }));
  }

  async getBudget(key: BudgetKey): Promise<BudgetRecord> {
    checkFields(key, KEY, "key");
    return this.#billing.budgets.get(key.budgetId, key.orgId);
  }

  /** In the order of their creation. */
  async listBudgets(
    query: Whose & { readonly includeClosed?: boolean | undefined } = {},
  ): Promise<BudgetRecord[]> {
    checkFields(query, [...WHOSE, "includeClosed"], "query");
    return this.#billing.budgets.list({ ...tenantOf(query), closed: query.includeClosed === true });
  }

  /**
   * Changes a budget's name, amount, thresholds, overage or recipients. A raised amount resumes what a threshold
   * suspended. Of thresholds, `autoSuspend` and overage give all where you give one: they are read together.
   *
   * @throws BillingError failed_precondition `budget_closed`.
   */
  async updateBudget(
    change: BudgetDeed & Partial<Omit<NewBudget, "id" | "orgId" | "period">>,
  ): Promise<BudgetRecord> {
    checkFields(change, [...DEED, ...NEW.filter((field) => field !== "id" && field !== "period")], "change");
    const {
      orgId,
      budgetId,
      name,
      amountUsd: limit,
      thresholds,
      autoSuspend,
      notify,
      actor,
      reason,
    } = change;
    const hasTerms = [thresholds, autoSuspend, ...OVERAGE.map((field) => change[field])].some(isGiven);
    const terms = hasTerms ? termsOf(thresholds, autoSuspend, change) : {};
    const given = { name, limit, notify, actor, reason, ...terms };
    return named(NAMES, () => this.#billing.budgets.update(budgetId, given, orgId));
  }

  /**
   * Whether all budgets of the organization admit an amount. A value, never an exception for a business reason; and only
   * a look: `billing.holds.authorize` takes the room.
   */
  async canSpend(spend: ManagedSpend): Promise<SpendResult> {
    checkFields(spend, SPEND, "spend");
    const request = { tenant: spend.orgId, dimensions: dimensionsOf(spend) };
    const estimatedCostUsd = requiredAmount(spend.amountUsd);
    const check = await named(NAMES, () => this.#billing.holds.check({ ...request, estimatedCostUsd }));
    const { allowed, reason, message, warnings, budgets } = check;
    const over = budgets.reduce<BudgetDecision | undefined>(
      (most, decision) => (decision.overage.gt(most?.overage ?? 0) ? decision : most),
      undefined,
    );
    return {
      ...{ allowed, reason, message, warnings, budgets },
      isOverage: over !== undefined,
      overageAmountUsd: over?.overage ?? null,
      overageRateMultiplier: over?.overageMultiplier ?? null,
    };
  }

  /**
   * Records spend that has no event, in full, whatever the budgets say. With `eventId` it is not counted beside the event
   * that tells the same; with `id` a retry is not counted again.
   *
   * @throws BillingError conflict `key_conflict` where the id is that of another spend.
   */
  async recordSpend(
    spend: ManagedSpend & { readonly id?: string | undefined; readonly eventId?: string | undefined },
  ): Promise<RecordedSpend> {
    checkFields(spend, [...SPEND, "id", "eventId"], "spend");
    const { orgId, id: key, eventId } = spend;
    const request = {
      tenant: orgId,
      dimensions: dimensionsOf(spend),
      amountUsd: requiredAmount(spend.amountUsd),
    };
    return named(NAMES, () =>
      this.#billing.holds.recordSpend({
        ...request,
        ...(key !== undefined && { key }),
        ...(eventId !== undefined && { eventId }),
      }),
    );
  }

  /**
   * Lets one user pass the limits for a while: those of one budget, or of all. What a threshold suspended does not stop
   * the user either; what a person suspended does. Several overrides run side by side, each with its own end.
   *
   * @throws BillingError invalid_input `out_of_range` for 0 hours: an override has an end.
   */
  async grantOverride(
    grant: Whose & {
      readonly userId: string;
      /** Up to 8,784: a year. */
      readonly durationHours: number;
      /** Absent: every budget of the organization. */
      readonly budgetId?: string | undefined;
      /** The limit for this user meanwhile. Absent: none. */
      readonly limitUsd?: DecimalInput | undefined;
      readonly actor?: string | undefined;
      readonly reason?: string | undefined;
    },
  ): Promise<BudgetOverride> {
    const fields = [...WHOSE, "userId", "durationHours", "budgetId", "limitUsd", "actor", "reason"];
    checkFields(grant, fields, "grant");
    const { orgId, userId, durationHours, budgetId, limitUsd, actor, reason } = grant;
    if (!(durationHours > 0 && durationHours <= MAX_OVERRIDE_HOURS)) {
      const text = `durationHours must be above 0 and at most ${MAX_OVERRIDE_HOURS}: an override has an end`;
      throw invalidInput("durationHours", "out_of_range", text);
    }
    const until = new Date(this.#billing.clock.now() + Math.ceil(durationHours * HOUR_MS));
    const override = { tenant: orgId, user: userId, budget: budgetId, limit: limitUsd, until, actor, reason };
    return named({ user: "userId", budget: "budgetId", limit: "limitUsd" }, () =>
      this.#billing.budgets.override(override),
    );
  }

  /** Every open budget of the organization, with how far it is now. */
  async getSummary(query: Whose = {}): Promise<BudgetStatusView[]> {
    checkFields(query, WHOSE, "query");
    return this.#billing.budgets.summary(query.orgId);
  }

  /** What a budget's usage cost over time, oldest first, in UTC; steps without any are left out. */
  async getTrends(
    query: BudgetKey & { readonly by: TrendStep; readonly from: Date; readonly to: Date },
  ): Promise<TrendPoint[]> {
    checkFields(query, [...KEY, "by", "from", "to"], "query");
    const { budgetId, by, from, to } = query;
    return this.#billing.budgets.trends(budgetId, { ...tenantOf(query), by, from, to });
  }

  /** Spend without events, the newest first. */
  async getTransactions(query: BudgetPageQuery = {}): Promise<Page<BudgetSpend>> {
    return this.#billing.budgets.transactions(pageOf(query));
  }

  /** Alerts, the newest first. */
  async getAlerts(query: BudgetPageQuery = {}): Promise<Page<BudgetAlert>> {
    const { items, nextCursor } = await this.#billing.budgets.alerts(pageOf(query));
    return { items: items.map(storedAlert), nextCursor };
  }

  /**
   * Marks an alert as seen; the first one who does so stays. Idempotent.
   *
   * @throws BillingError not_found `alert_not_found`, also for another organization's.
   */
  async acknowledgeAlert(
    acknowledgement: Whose & { readonly alertId: string; readonly acknowledgedBy: string },
  ): Promise<BudgetAlert> {
    checkFields(acknowledgement, [...WHOSE, "alertId", "acknowledgedBy"], "acknowledgement");
    const { orgId, alertId, acknowledgedBy } = acknowledgement;
    return storedAlert(
      await named({ by: "acknowledgedBy" }, () =>
        this.#billing.budgets.acknowledgeAlert(alertId, acknowledgedBy, orgId),
      ),
    );
  }

  /** Counts anew in the present period: what was counted stays on record, and what a threshold suspended is resumed. */
  resetBudget(deed: BudgetDeed): Promise<BudgetRecord> {
    return this.#do("reset", deed);
  }

  /** Refuses everything until it is resumed. Idempotent. */
  suspendBudget(deed: BudgetDeed): Promise<BudgetRecord> {
    return this.#do("suspend", deed);
  }

  /** Ends a suspension, whoever made it. Idempotent. */
  resumeBudget(deed: BudgetDeed): Promise<BudgetRecord> {
    return this.#do("resume", deed);
  }

  /** Ends a budget for good; its history stays. Idempotent. */
  closeBudget(deed: BudgetDeed): Promise<BudgetRecord> {
    return this.#do("close", deed);
  }

  async #do(what: "reset" | "suspend" | "resume" | "close", deed: BudgetDeed): Promise<BudgetRecord> {
    checkFields(deed, DEED, "deed");
    const { orgId, budgetId, actor, reason } = deed;
    return this.#billing.budgets[what](budgetId, { actor, reason }, orgId);
  }
}

export interface BudgetPageQuery extends Whose {
  /** Absent: every budget of the organization. */
  readonly budgetId?: string | undefined;
  readonly cursor?: string | undefined;
  /** Default 50, at most 500. */
  readonly limit?: number | undefined;
}

function pageOf(query: BudgetPageQuery) {
  checkFields(query, [...KEY, "cursor", "limit"], "query");
  const { budgetId: budget, cursor, limit } = query;
  return { ...tenantOf(query), budget, cursor, limit };
}

function tenantOf({ orgId }: Whose): { tenant?: string } {
  return orgId === undefined ? {} : { tenant: orgId };
}

function dimensionsOf({ userId, workspaceId, debateId }: ManagedSpend) {
  return { user: userId, workspace: workspaceId, debate: debateId };
}

/** Absent would be "unlimited", or "anything": an amount that was forgotten must be neither. */
function requiredAmount(amount: DecimalInput): DecimalInput {
  if (amount !== undefined && amount !== null) return amount;
  throw invalidInput("amountUsd", "required", "amountUsd must be given");
}

function isGiven(value: unknown): boolean {
  return value !== undefined;
}
