import type { Decimal } from "decimal.js";
import { type Billing, createBilling } from "../billing.ts";
import { type BillingEvent, BillingEventType, type UsageEvent } from "../domain/metering/index.ts";
import { invalidInput } from "../kernel/index.ts";
import { type CallForm, callForm } from "./call-form.ts";
import { defaultBilling } from "./default-billing.ts";
import type * as calls from "./metered-calls.ts";
import { applyUnitPrices, type MeteringConfig, type UnitPrices, unitPricesOf } from "./metering-config.ts";
import { monthEstimate } from "./month-estimate.ts";
import { type RecordedUsage, recordCall, recordUsageEvent } from "./recorded-usage.ts";
import { reportPeriod } from "./report-period.ts";
import { type UsageSummary, usageSummary } from "./usage-summary.ts";

/** Whose usage a `UsageMeter` tells. */
export interface MeterScope {
  /** Absent: the tenant of `withTenant`, else the instance's. */
  readonly tenant?: string | undefined;
}

const DEBATE_ID = { debateId: "debate" } as const;
const API_CALL = callForm(BillingEventType.API_CALL, {}, ["resource"]);
const DEBATE = callForm(BillingEventType.DEBATE, DEBATE_ID, ["rounds"]);
const TOKENS = callForm(BillingEventType.TOKENS, DEBATE_ID);
const STORAGE = callForm(BillingEventType.STORAGE, { bytes: "quantity" }, ["resource"]);
const CONNECTOR_SYNC = callForm(BillingEventType.CONNECTOR_SYNC, {}, ["connectorId"]);
const KNOWLEDGE_QUERY = callForm(BillingEventType.KNOWLEDGE_QUERY, {}, ["resource"]);
const AGENT_CALL = callForm(BillingEventType.AGENT_CALL, DEBATE_ID);
const EXPORT = callForm(BillingEventType.EXPORT, {}, ["resource"]);
const SSO_AUTH = callForm(BillingEventType.SSO_AUTH, {}, ["identityProvider"]);

/**
 * Tenant-aware metering: a preset of the engine that records every kind of usage of a product.
 *
 * Every record call is durable when it resolves, idempotent by `id`, and throws a BillingError: invalid_input naming the
 * field, conflict `event_conflict` when another event has the id. Periods are half-open: an event at the very end belongs
 * to the next one; an end of now leaves nothing out.
 *
 * @example
 * const meter = getUsageMeter();
 * await meter.recordApiCall({ resource: "debates/create" });
 * await meter.recordDebate({ debateId: "debate_123", tokensIn: 10000, tokensOut: 5000, rounds: 3 });
 * await meter.recordTokens({ tokensIn: 1000, tokensOut: 500, provider: "openai", model: "gpt-4o" });
 * const summary = await meter.getUsageSummary({ startDate: new Date("2025-01-01T00:00:00Z"), endDate: new Date() });
 * summary.totalCost.toString(); // "0.0476"
 */
export class UsageMeter {
  readonly #billing: Billing;
  readonly #prices: UnitPrices;
  readonly #underWay = new Set<Promise<unknown>>();
  #priced: Promise<void> | undefined;

  /** @throws BillingError invalid_input naming the setting. */
  constructor(config: MeteringConfig = {}, billing?: Billing) {
    this.#prices = unitPricesOf(config);
    if (config.persistEvents !== false) {
      this.#billing = billing ?? defaultBilling();
    } else if (billing === undefined) {
      this.#billing = createBilling({ database: "sqlite::memory:", tenant: "default" });
    } else {
      const text =
        "persistEvents: false is an engine of its own; leave out either it or the billing instance";
      throw invalidInput("persistEvents", "invalid_option", text);
    }
  }

  /** Opens the database and applies the config's prices now instead of at the first call. Nothing has to run. */
  async start(): Promise<void> {
    await this.#billing.ready();
    await this.#applyPrices();
  }

  /** Waits for the record calls under way. There is nothing to flush, and the meter may go on afterwards. */
  async stop(): Promise<void> {
    await Promise.allSettled(this.#underWay);
  }

  /** Records an event of any kind, as the engine takes it. */
  record(event: UsageEvent): Promise<RecordedUsage> {
    return this.#underWayUntil(() => recordUsageEvent(this.#billing, event));
  }

  recordApiCall(call: calls.MeteredApiCall): Promise<RecordedUsage> {
    return this.#record(call, API_CALL);
  }

  async recordDebate(debate: calls.MeteredDebate): Promise<RecordedUsage> {
    const { rounds } = debate;
    if (rounds !== undefined && !(Number.isSafeInteger(rounds) && rounds >= 0)) {
      throw invalidInput("rounds", "invalid_count", "rounds must be a whole number that is not negative");
    }
    return this.#record(debate, DEBATE);
  }

  recordTokens(call: calls.MeteredTokens): Promise<RecordedUsage> {
    return this.#record(call, TOKENS);
  }

  recordStorage(storage: calls.MeteredStorage): Promise<RecordedUsage> {
    return this.#record(storage, STORAGE);
  }

  recordConnectorSync(sync: calls.MeteredConnectorSync): Promise<RecordedUsage> {
    return this.#record(sync, CONNECTOR_SYNC);
  }

  recordKnowledgeQuery(query: calls.MeteredKnowledgeQuery = {}): Promise<RecordedUsage> {
    return this.#record(query, KNOWLEDGE_QUERY);
  }

  recordAgentCall(call: calls.MeteredAgentCall): Promise<RecordedUsage> {
    return this.#record(call, AGENT_CALL);
  }

  recordExport(call: calls.MeteredExport = {}): Promise<RecordedUsage> {
    return this.#record(call, EXPORT);
  }

  recordSsoAuth(call: calls.MeteredSsoAuth = {}): Promise<RecordedUsage> {
    return this.#record(call, SSO_AUTH);
  }

  /** A tenant's usage of a period; without dates, all of it. */
  async getUsageSummary(
    query: MeterScope & { startDate?: Date | undefined; endDate?: Date | undefined } = {},
  ): Promise<UsageSummary> {
    return usageSummary(this.#billing, query);
  }

  /** A tenant's events of a period in time order, all in memory: `billing.metering.events()` reads them page by page. */
  async getBillingEvents(start?: Date, end?: Date, scope: MeterScope = {}): Promise<BillingEvent[]> {
    const period = reportPeriod(this.#billing.clock, start, end, ["start", "end"]);
    const events: BillingEvent[] = [];
    for await (const event of this.#billing.metering.events({ tenant: scope.tenant, ...period })) {
      events.push(event);
    }
    return events;
  }

  /**
   * What a month will have cost if it goes on as it began: the cost from its start to `asOf` (default now), drawn out in
   * a straight line over the month's real length. Months are cut in UTC.
   */
  async estimateMonthlyCost(scope: MeterScope & { readonly asOf?: Date | undefined } = {}): Promise<Decimal> {
    return monthEstimate(this.#billing, scope);
  }

  #record(call: object, form: CallForm): Promise<RecordedUsage> {
    return this.#underWayUntil(() => recordCall(this.#billing, call, form));
  }

  #underWayUntil(record: () => Promise<RecordedUsage>): Promise<RecordedUsage> {
    const recording = this.#applyPrices().then(record);
    this.#underWay.add(recording);
    return recording.finally(() => this.#underWay.delete(recording));
  }

  #applyPrices(): Promise<void> {
    this.#priced ??= applyUnitPrices(this.#billing, this.#prices).catch((error: unknown) => {
      this.#priced = undefined;
      throw error;
    });
    return this.#priced;
  }
}
