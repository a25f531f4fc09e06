import type { Decimal } from "decimal.js";
import type { Billing } from "../billing.ts";
import { UsageEventType } from "../domain/metering/index.ts";
import { callForm } from "./call-form.ts";
import { defaultBilling } from "./default-billing.ts";
import { costBy, figuresBy } from "./group-sums.ts";
import { type RecordedUsage, recordCall } from "./recorded-usage.ts";

/** A debate, as `UsageTracker.recordDebate` takes it. */
export interface DebateUsage {
  /** Give one to make retries safe. */
  readonly id?: string | undefined;
  readonly userId: string;
  readonly orgId: string;
  readonly debateId: string;
  /** All input tokens, cached ones included. */
  readonly tokensIn: number;
  readonly cachedTokens?: number | undefined;
  readonly tokensOut: number;
  readonly provider?: string | undefined;
  readonly model?: string | undefined;
  readonly timestamp?: Date | string | undefined;
}

/** The tracker has no settings: what it needs is the engine's. */
export type UsageTrackerOptions = Readonly<Record<string, never>>;

const DEBATE = callForm(UsageEventType.DEBATE, { orgId: "tenant", userId: "user", debateId: "debate" });

/** Usage of an organization over a period. */
export interface TrackedSummary {
  readonly orgId: string;
  readonly from: Date | null;
  readonly to: Date | null;
  readonly totalEvents: number;
  readonly totalDebates: number;
  readonly totalTokensIn: number;
  readonly totalTokensOut: number;
  readonly totalCostUsd: Decimal;
  readonly costByProvider: Readonly<Record<string, Decimal>>;
  /** UTC days (`2025-01-31`) to debates recorded. */
  readonly debatesByDay: Readonly<Record<string, number>>;
}

/**
 * Basic usage tracking: a preset of the engine in which the organization is the tenant.
 *
 * @example
 * const tracker = new UsageTracker();
 * await tracker.recordDebate({
 *   userId: "user_123", orgId: "org_456", debateId: "debate_789",
 *   tokensIn: 5000, tokensOut: 2000, provider: "anthropic", model: "claude-opus-4",
 * });
 * const summary = await tracker.getSummary({ orgId: "org_456" });
 * summary.totalCostUsd.toString(); // "0.225"
 */
export class UsageTracker {
  readonly #billing: Billing;

  constructor(_options: UsageTrackerOptions = {}, billing: Billing = defaultBilling()) {
    this.#billing = billing;
  }

  /**
   * Records a debate: durable when it resolves, idempotent by `id`.
   *
   * @throws BillingError invalid_input naming the field; conflict `event_conflict` when another event has the id.
   */
  async recordDebate(debate: DebateUsage): Promise<RecordedUsage> {
    return recordCall(this.#billing, debate, DEBATE);
  }

  /** An organization's usage within [from, to); without them, all of it. */
  async getSummary(query: {
    orgId: string;
    from?: Date | undefined;
    to?: Date | undefined;
  }): Promise<TrackedSummary> {
    const { orgId, from, to } = query;
    const byProvider = await this.#billing.analytics.usage({ tenant: orgId, from, to, by: ["provider"] });
    const byDay = await this.#billing.analytics.usage({ tenant: orgId, from, to, by: ["day", "type"] });
    const debates = byDay.groups.filter(({ key }) => key.type === UsageEventType.DEBATE);
    return {
      orgId,
      from: byProvider.from,
      to: byProvider.to,
      totalEvents: byProvider.total.events,
      totalDebates: debates.reduce((sum, { events }) => sum + events, 0),
      totalTokensIn: byProvider.total.inputTokens,
      totalTokensOut: byProvider.total.outputTokens,
      totalCostUsd: byProvider.total.costUsd,
      costByProvider: costBy(byProvider.groups, "provider"),
      debatesByDay: figuresBy(debates, "day", ({ events }) => events),
    };
  }
}
