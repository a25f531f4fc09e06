import type { Decimal } from "decimal.js";
import type { Billing } from "../billing.ts";
import type { Grouping } from "../domain/analytics/index.ts";
import { costBy, proportionOf } from "./group-sums.ts";
import { reportPeriod } from "./report-period.ts";

/** What a tenant's usage of a period cost. Exact, but for the averages. The key "" is usage that names no value. */
export interface CostBreakdown {
  /** The tenant asked for; null: that of `withTenant` or the instance's. */
  readonly tenantId: string | null;
  readonly startDate: Date | null;
  readonly endDate: Date | null;
  readonly totalCost: Decimal;
  readonly totalRequests: number;
  /** All input tokens, cached ones included. */
  readonly totalTokensIn: number;
  readonly totalCachedTokens: number;
  readonly totalTokensOut: number;
  readonly totalTokens: number;
  readonly costByProvider: Readonly<Record<string, Decimal>>;
  readonly costByModel: Readonly<Record<string, Decimal>>;
  readonly costByUser: Readonly<Record<string, Decimal>>;
  readonly costByType: Readonly<Record<string, Decimal>>;
  /** UTC days (`2025-01-31`) to cost. */
  readonly costByDay: Readonly<Record<string, Decimal>>;
  /** Half up to 1 pico-USD; 0 without requests. */
  readonly averageCostPerRequest: Decimal;
  readonly averageTokensPerRequest: number;
  /** Cached input tokens as a part of all input tokens, 0 to 1. */
  readonly cacheHitRate: number;
}

export async function costBreakdown(
  billing: Billing,
  query: { tenantId?: string | undefined; startDate?: Date | undefined; endDate?: Date | undefined },
): Promise<CostBreakdown> {
  const { tenantId, startDate, endDate } = query;
  const scope = { tenant: tenantId, ...reportPeriod(billing.clock, startDate, endDate) };
  const usageBy = (grouping: Grouping) => billing.analytics.usage({ ...scope, by: [grouping] });
  const byProvider = await usageBy("provider");
  const byModel = await usageBy("model");
  const byUser = await usageBy("user");
  const byType = await usageBy("type");
  const byDay = await usageBy("day");
  const { total } = byProvider;
  const totalTokens = total.inputTokens + total.outputTokens;
  return {
    tenantId: tenantId ?? null,
    startDate: startDate ?? null,
    endDate: endDate ?? null,
    totalCost: total.costUsd,
    totalRequests: total.events,
    totalTokensIn: total.inputTokens,
    totalCachedTokens: total.cachedTokens,
    totalTokensOut: total.outputTokens,
    totalTokens,
    costByProvider: costBy(byProvider.groups, "provider"),
    costByModel: costBy(byModel.groups, "model"),
    costByUser: costBy(byUser.groups, "user"),
    costByType: costBy(byType.groups, "type"),
    costByDay: costBy(byDay.groups, "day"),
    averageCostPerRequest: proportionOf(total.costUsd, 1, total.events),
    averageTokensPerRequest: total.events === 0 ? 0 : totalTokens / total.events,
    cacheHitRate: total.inputTokens === 0 ? 0 : total.cachedTokens / total.inputTokens,
  };
}
