import type { Decimal } from "decimal.js";
import type { Billing } from "../billing.ts";
import { BillingEventType } from "../domain/metering/index.ts";
import { currentTenant } from "../kernel/index.ts";
import type { BudgetAlert } from "./budget-alert.ts";
import { callForm } from "./call-form.ts";
import { checkFields } from "./checked-call.ts";
import { type CostBreakdown, costBreakdown } from "./cost-breakdown.ts";
import { defaultBilling } from "./default-billing.ts";
import { generatedInvoice, type Invoice, type InvoiceRequest } from "./invoice.ts";
import {
  type BudgetConfig,
  meterBudget,
  meterBudgetAlerts,
  setMeterBudget,
  type TenantBudget,
} from "./meter-budget.ts";
import type { AttributedCall } from "./metered-calls.ts";
import { ID_NAMES, type RecordedUsage, recordCall } from "./recorded-usage.ts";

/** Tokens of one model call, as `EnterpriseMeter.recordTokenUsage` takes them. */
export interface EnterpriseTokenUsage extends AttributedCall {
  readonly agentId?: string | undefined;
  /** E.g. `debate` or `chat`. Kept in the metadata: the event is one of tokens, whatever they were for. */
  readonly requestType?: string | undefined;
}

/** Token usage on record. `null` is "none". */
export interface TokenUsageRecord {
  readonly id: string;
  /** False when this very usage was on record already. */
  readonly isNew: boolean;
  /** The one given or `withTenant`'s; null: the instance's. */
  readonly tenantId: string | null;
  readonly workspaceId: string | null;
  readonly userId: string | null;
  readonly debateId: string | null;
  readonly agentId: string | null;
  readonly provider: string;
  readonly model: string;
  readonly requestType: string | null;
  readonly latencyMs: number | null;
  /** All input tokens, cached ones included. */
  readonly tokensIn: number;
  readonly cachedTokens: number;
  readonly tokensOut: number;
  readonly totalTokens: number;
  /** Exact; cached tokens at their own price. */
  readonly totalCost: Decimal;
  readonly flags: RecordedUsage["flags"];
}

/** The meter has no settings: what it needs is the engine's. */
export type EnterpriseMeterOptions = Readonly<Record<string, never>>;

const CALL = callForm(BillingEventType.TOKENS, { ...ID_NAMES, agentId: "agent" }, [
  "requestType",
  "latencyMs",
]);

/**
 * Token-level metering with full attribution: a preset of the engine for calls of models.
 *
 * @example
 * const meter = getEnterpriseMeter();
 * const record = await meter.recordTokenUsage({
 *   provider: "anthropic", model: "claude-opus-4", tokensIn: 15000, tokensOut: 3000, cachedTokens: 2000,
 *   tenantId: "tenant_123", debateId: "debate_456", agentId: "agent_claude", requestType: "debate", latencyMs: 1250,
 * });
 * record.totalCost.toString(); // "0.423"
 * const breakdown = await meter.getCostBreakdown({ tenantId: "tenant_123", startDate: new Date("2025-01-01T00:00:00Z") });
 * breakdown.costByModel["claude-opus-4"]?.toString(); // "0.423"
 */
export class EnterpriseMeter {
  readonly #billing: Billing;

  constructor(_options: EnterpriseMeterOptions = {}, billing: Billing = defaultBilling()) {
    this.#billing = billing;
  }

  /** Opens the database now instead of at the first call. Nothing has to call it. */
  async initialize(): Promise<void> {
    await this.#billing.ready();
  }

  /**
   * Records the tokens of one call: durable when it resolves, idempotent by `id`.
   *
   * @throws BillingError invalid_input naming the field; conflict `event_conflict` when another event has the id.
   */
  async recordTokenUsage(usage: EnterpriseTokenUsage): Promise<TokenUsageRecord> {
    const { id, isNew, costUsd, flags } = await recordCall(this.#billing, usage, CALL);
    const { tenantId, workspaceId, userId, debateId, agentId, requestType, latencyMs } = usage;
    return {
      id,
      isNew,
      tenantId: tenantId ?? currentTenant() ?? null,
      workspaceId: workspaceId ?? null,
      userId: userId ?? null,
      debateId: debateId ?? null,
      agentId: agentId ?? null,
      provider: usage.provider,
      model: usage.model,
      requestType: requestType ?? null,
      latencyMs: latencyMs ?? null,
      tokensIn: usage.tokensIn,
      cachedTokens: usage.cachedTokens ?? 0,
      tokensOut: usage.tokensOut,
      totalTokens: usage.tokensIn + usage.tokensOut,
      totalCost: costUsd,
      flags,
    };
  }

  /**
   * What a tenant's usage of [startDate, endDate) cost, and for whom and what; without dates, all of it. Usage recorded
   * through any class of the library counts.
   *
   * @throws BillingError invalid_input naming the tenant or the date.
   */
  getCostBreakdown(
    query: {
      readonly tenantId?: string | undefined;
      readonly startDate?: Date | undefined;
      readonly endDate?: Date | undefined;
    } = {},
  ): Promise<CostBreakdown> {
    return costBreakdown(this.#billing, query);
  }

  /**
   * The invoice of a tenant's month: a draft, computed anew at every look until `billing.invoices.finalize` issues it. Tokens
   * are always billed, also where a plan includes them; each line is rounded to cents once. The same tenant and month again
   * is the same invoice.
   *
   * @throws BillingError conflict `invoice_exists` for another tax rate; invalid_input naming the field.
   * @example
   * const invoice = await meter.generateInvoice({ tenantId: "tenant_123", period: "2025-01", taxRate: "0.1" });
   * console.log(`Invoice ${invoice.id}: $${invoice.total}`);
   */
  generateInvoice(request: InvoiceRequest): Promise<Invoice> {
    return generatedInvoice(this.#billing, request);
  }

  /**
   * Sets a tenant's budget per month and per day: setting it again, by any process, changes it. Usage is recorded
   * whatever a budget says; who asks before (`billing.holds`) is not admitted beyond it. Changing `rolloverUnused`
   * begins anew with this month's usage, and alerts of this month may be raised again.
   *
   * @throws BillingError invalid_input naming the field.
   * @example
   * await meter.setBudget({ tenantId: "tenant_123", monthlyBudgetUsd: "1000", alertEmails: ["cfo@acme.example"] });
   */
  setBudget(config: BudgetConfig): Promise<void> {
    return setMeterBudget(this.#billing, config);
  }

  /** A tenant's budget, and how far it is; null where none was set. */
  async getBudget(query: { readonly tenantId?: string | undefined } = {}): Promise<TenantBudget | null> {
    checkFields(query, ["tenantId"], "query");
    return meterBudget(this.#billing, query.tenantId);
  }

  /** Thresholds of that budget that were reached, the newest first, at most 500: once per month, or day, and threshold. */
  async getBudgetAlerts(query: { readonly tenantId?: string | undefined } = {}): Promise<BudgetAlert[]> {
    checkFields(query, ["tenantId"], "query");
    return meterBudgetAlerts(this.#billing, query.tenantId);
  }
}
