import type { Billing } from "../billing.ts";
import { BillingEventType } from "../domain/metering/index.ts";
import { callForm } from "./call-form.ts";
import {
  type CostReport,
  type CostReportQuery,
  costReport,
  type WorkspaceStats,
  workspaceStats,
} from "./cost-report.ts";
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
 * Cost attribution by workspace, agent and model: a preset of the engine.
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
}
