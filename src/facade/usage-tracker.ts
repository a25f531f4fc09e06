import type { Decimal } from "decimal.js";
import type { Billing } from "../billing.ts";
import { UsageEventType, type Verdict } from "../domain/metering/index.ts";
import { BillingError } from "../kernel/index.ts";
import { defaultBilling } from "./default-billing.ts";

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

/** What was recorded and what it cost. */
export interface RecordedUsage {
  readonly id: string;
  readonly type: string;
  /** False when this very event was on record already. */
  readonly isNew: boolean;
  readonly costUsd: Decimal;
}

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
    const { userId, orgId, debateId, ...usage } = debate;
    const type = UsageEventType.DEBATE;
    const verdict = await this.#billing.metering.record({
      ...usage,
      type,
      tenant: orgId,
      user: userId,
      debate: debateId,
    });
    return recordedUsage(verdict, type);
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
      costByProvider: Object.fromEntries(
        byProvider.groups.map(({ key, costUsd }) => [key.provider ?? "", costUsd]),
      ),
      debatesByDay: Object.fromEntries(
        debates.map(({ key, events }) => [key.day?.slice(0, 10) ?? "", events]),
      ),
    };
  }
}

/** A facade answers with what was recorded or throws; the engine's verdicts are values. */
function recordedUsage(verdict: Verdict, type: string): RecordedUsage {
  const { id, status, rejection, costUsd } = verdict;
  if (rejection !== null || costUsd === null) {
    const kind = status === "conflict" ? "conflict" : "invalid_input";
    const { code, field, message } = rejection ?? {
      code: "not_recorded",
      field: null,
      message: "nothing was recorded",
    };
    throw new BillingError(kind, code, message, { details: { field } });
  }
  return { id, type, isNew: status === "accepted", costUsd };
}
