import type { Decimal } from "decimal.js";
import type { Billing } from "../billing.ts";
import { BillingEventType } from "../domain/metering/index.ts";
import { costBy, figuresBy } from "./group-sums.ts";
import { reportPeriod } from "./report-period.ts";

/** A tenant's usage of a period, as `UsageMeter.getUsageSummary` tells it. Exact. */
export interface UsageSummary {
  readonly startDate: Date | null;
  readonly endDate: Date | null;
  readonly totalEvents: number;
  readonly totalCost: Decimal;
  /** All input tokens, cached ones included. */
  readonly totalTokensIn: number;
  readonly totalCachedTokens: number;
  readonly totalTokensOut: number;
  /** Bytes of the storage events. */
  readonly storageBytes: number;
  /** Events whose price deserves a second look, e.g. of a model the price book does not know. */
  readonly flaggedEvents: number;
  /** Types of usage to events. */
  readonly countByType: Readonly<Record<string, number>>;
  readonly costByType: Readonly<Record<string, Decimal>>;
  /** UTC days (`2025-01-31`) to cost. */
  readonly costByDay: Readonly<Record<string, Decimal>>;
}

export async function usageSummary(
  billing: Billing,
  query: { tenant?: string | undefined; startDate?: Date | undefined; endDate?: Date | undefined },
): Promise<UsageSummary> {
  const { tenant, startDate, endDate } = query;
  const scope = { tenant, ...reportPeriod(billing.clock, startDate, endDate) };
  const byType = await billing.analytics.usage({ ...scope, by: ["type"] });
  const byDay = await billing.analytics.usage({ ...scope, by: ["day"] });
  const quantities = figuresBy(byType.groups, "type", ({ quantity }) => quantity);
  return {
    startDate: startDate ?? null,
    endDate: endDate ?? null,
    totalEvents: byType.total.events,
    totalCost: byType.total.costUsd,
    totalTokensIn: byType.total.inputTokens,
    totalCachedTokens: byType.total.cachedTokens,
    totalTokensOut: byType.total.outputTokens,
    storageBytes: quantities[BillingEventType.STORAGE] ?? 0,
    flaggedEvents: byType.total.flaggedEvents,
    countByType: figuresBy(byType.groups, "type", ({ events }) => events),
    costByType: costBy(byType.groups, "type"),
    costByDay: costBy(byDay.groups, "day"),
  };
}
