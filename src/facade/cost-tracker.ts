import type { Billing } from "../billing.ts";
import type { RecordedSpend } from "../domain/budgets/index.ts";
import { BillingEventType } from "../domain/metering/index.ts";
import type { DecimalInput } from "../kernel/index.ts";
import { onAlerts, type TenantBudgetAlert } from "./budget-alert.ts";
import { callForm } from "./call-form.ts";
import { checkFields, tenantNamed } from "./checked-call.ts";
import { type Budget, type BudgetOverview, costBudget, isCostBudget, setCostBudget } from "./cost-budget.ts";
import {
  type CostReport,
  type CostReportQuery,
  costReport,
  type WorkspaceStats,
  workspaceStats,
} from "./cost-report.ts";
import {
  checkDebate,
  clearDebate,
  type DebateBudgetStatus,
  type DebatePlace,
  type DebateTenant,
  limitDebate,
  recordDebateSpend,
} from "./debate-budget.ts";
import { defaultBilling } from "./default-billing.ts";
import type { AttributedCall } from "./metered-calls.ts";
import { ID_NAMES, type RecordedUsage, recordCall } from "./recorded-usage.ts";

/** Tokens of one agent's call, as `CostTracker` takes them; the price book says what they cost. */
export interface TokenUsage extends AttributedCall {
  readonly agentName?: string | undefined;
  /** Kept in the metadata, as is the next one. */
  readonly sessionId?: string | undefined;
  readonly operation?: string | undefined;
}

/** The tracker has no settings: what it needs is the engine's. */
export type CostTrackerOptions = Readonly<Record<string, never>>;

const CALL = callForm(BillingEventType.TOKENS, { ...ID_NAMES, agentName: "agent" }, [
  "sessionId",
  "operation",
  "latencyMs",
]);

/**
 * Cost attribution by workspace, agent and model, and budgets on it: a preset of the engine. Budgets are in the database:
 * a restart and every other process see the same.
 *
 * @example
 * const tracker = getCostTracker();
 * const usage = await tracker.recordUsage({
 *   workspaceId: "ws_123", agentName: "claude", provider: "anthropic", model: "claude-opus-4",
 *   tokensIn: 10000, tokensOut: 5000, debateId: "debate_789",
 * });
 * usage.costUsd.toString(); // "0.525"
 * const report = await tracker.generateReport({ workspaceId: "ws_123", granularity: CostGranularity.DAILY });
 * report.costOverTime[0]?.totalCost.toString(); // "0.525"
 */
export class CostTracker {
  readonly #billing: Billing;

  constructor(_options: CostTrackerOptions = {}, billing: Billing = defaultBilling()) {
    this.#billing = billing;
  }

  /**
   * Records the tokens of one call: durable when it resolves, idempotent by `id`.
   *
   * @throws BillingError invalid_input naming the field; conflict `event_conflict` when another event has the id.
   */
  recordUsage(usage: TokenUsage): Promise<RecordedUsage> {
    return recordCall(this.#billing, usage, CALL);
  }

  /** The same as `recordUsage`. */
  record(usage: TokenUsage): Promise<RecordedUsage> {
    return this.recordUsage(usage);
  }

  /**
   * All that was used in a workspace of the tenant, recorded through whichever class.
   *
   * @throws BillingError invalid_input naming the workspace or tenant.
   */
  async getWorkspaceStats(
    workspaceId: string,
    scope: { readonly tenantId?: string | undefined } = {},
  ): Promise<WorkspaceStats> {
    return workspaceStats(this.#billing, { ...scope, workspaceId });
  }

  /**
   * What a workspace, or without one the tenant, spent in a period, with a time series and the top agents and models.
   *
   * @throws BillingError invalid_input naming the workspace, tenant, granularity or date.
   */
  async generateReport(query: CostReportQuery = {}): Promise<CostReport> {
    return costReport(this.#billing, query);
  }

  /**
   * Sets the limits of a workspace, or of the tenant: one stored budget for each. Setting it again, by any process,
   * changes them; a limit that is left out is taken away. They are set one after another: when one fails, those before it
   * are set, and the same call may be made again.
   *
   * What is recorded is recorded whatever a limit says. Limits are for those who ask before: `checkDebateBudget`, and
   * `billing.holds` (`authorize`, `withBudget`), where what is admitted never passes one.
   *
   * @throws BillingError invalid_input naming the field; conflict `budget_exists` where the id is that of another
   * workspace's; failed_precondition `budget_closed` where it was closed for good: give it another id.
   * @example
   * await tracker.setBudget({ name: "Q1 Budget", workspaceId: "ws_123", monthlyLimitUsd: "1000", perDebateLimitUsd: "5" });
   */
  setBudget(budget: Budget): Promise<void> {
    return setCostBudget(this.#billing, budget);
  }

  /**
   * The budget of an id, else of a workspace, else of the tenant, and how far it is; null where there is none. Of several
   * the one that was made last.
   *
   * @throws BillingError invalid_input.
   */
  async getBudget(
    query: DebateTenant & {
      readonly id?: string | undefined;
      readonly workspaceId?: string | undefined;
    } = {},
  ): Promise<BudgetOverview | null> {
    checkFields(query, ["id", "workspaceId", "tenantId", "orgId"], "query");
    const { id, workspaceId } = query;
    return costBudget(this.#billing, { id, workspaceId, tenant: tenantNamed(query) });
  }

  /**
   * Whether a debate may spend what is estimated, or, without an estimate, anything: by its own limit, the limit per
   * debate, and every other budget that its usage meets. A value, never an exception for a business reason; and only a
   * look: of calls that ask at the same time each sees the same room. `billing.holds.authorize` takes it.
   *
   * @throws BillingError invalid_input; unavailable when the budgets cannot be read.
   * @example
   * const status = await tracker.checkDebateBudget("debate_123", { estimatedCostUsd: "0.50" });
   * if (!status.allowed) throw new Error(status.message);
   */
  checkDebateBudget(
    debateId: string,
    options: DebatePlace & { readonly estimatedCostUsd?: DecimalInput | undefined } = {},
  ): Promise<DebateBudgetStatus> {
    return checkDebate(this.#billing, debateId, options);
  }

  /**
   * Limits one debate as a whole, beside the limits per debate: the smaller one holds. All that it has spent counts.
   * Setting it again changes it.
   *
   * @throws BillingError invalid_input naming the field.
   */
  setDebateLimit(debateId: string, limit: DecimalInput, options: DebateTenant = {}): Promise<void> {
    return limitDebate(this.#billing, debateId, limit, options);
  }

  /**
   * Records what a debate spent and no event tells. With `eventId`, the id of an event that tells the same, recorded
   * before or after, it is not counted twice; with `id` a retry is not.
   *
   * @throws BillingError invalid_input naming the field; conflict `key_conflict` where the id is that of another spend.
   */
  recordDebateCost(
    debateId: string,
    amount: DecimalInput,
    options: DebatePlace & { readonly id?: string | undefined; readonly eventId?: string | undefined } = {},
  ): Promise<RecordedSpend> {
    return recordDebateSpend(this.#billing, debateId, amount, options);
  }

  /**
   * Ends a debate's own limit. What the debate has spent stays on record and in the other budgets; a limit that is set
   * later begins anew. Idempotent.
   */
  clearDebateBudget(debateId: string, options: DebateTenant = {}): Promise<void> {
    return clearDebate(this.#billing, debateId, options);
  }

  /**
   * Calls `callback` for every alert of the tracker's budgets that this process raises, after its commit. A convenience:
   * a slow or throwing callback delays and loses nothing, and a process that dies before the call never makes it; who
   * must hear of it stands in the budget's `notify`. Returns what removes it.
   */
  addAlertCallback(callback: (alert: TenantBudgetAlert) => unknown): () => void {
    return onAlerts(this.#billing, isCostBudget, callback);
  }
}
