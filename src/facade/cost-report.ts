import type { Decimal } from "decimal.js";
import type { Billing } from "../billing.ts";
import type { Grouping, UsageGroup, UsageTotals } from "../domain/analytics/index.ts";
import { invalidInput, usdToDecimal } from "../kernel/index.ts";
import { costBy, proportionOf } from "./group-sums.ts";
import { reportPeriod } from "./report-period.ts";

/** How finely a report cuts time, in UTC; weeks begin on Monday. */
export const CostGranularity = Object.freeze({
  HOURLY: "hourly",
  DAILY: "daily",
  WEEKLY: "weekly",
  MONTHLY: "monthly",
});
export type CostGranularity = (typeof CostGranularity)[keyof typeof CostGranularity];

const GROUPINGS: Readonly<Record<CostGranularity, Grouping>> = Object.freeze({
  hourly: "hour",
  daily: "day",
  weekly: "week",
  monthly: "month",
});
const TOP = 10;

/** Exact sums of a part of a report. */
export interface CostSums {
  readonly totalCost: Decimal;
  readonly totalRequests: number;
  /** All input tokens, cached ones included. */
  readonly totalTokensIn: number;
  readonly totalTokensOut: number;
}

/** Sums of an hour, day, week or month. */
export interface CostPoint extends CostSums {
  readonly start: Date;
}

/** Sums of an agent or model; the name of usage that names none is null. */
export interface CostShare extends CostSums {
  readonly name: string | null;
}

/** All usage of a workspace, by what caused it. The key "" is usage that names no value. */
export interface WorkspaceStats extends CostSums {
  readonly workspaceId: string;
  readonly costByAgent: Readonly<Record<string, Decimal>>;
  readonly costByModel: Readonly<Record<string, Decimal>>;
  readonly costByProvider: Readonly<Record<string, Decimal>>;
}

/** What a workspace, or a whole tenant, spent in a period. */
export interface CostReport extends CostSums {
  /** null: all of the tenant's. */
  readonly workspaceId: string | null;
  readonly granularity: CostGranularity;
  readonly start: Date | null;
  readonly end: Date | null;
  /** In time order; a period without usage is not in it. The costs sum to `totalCost`. */
  readonly costOverTime: readonly CostPoint[];
  /** The ten that cost most. */
  readonly topAgents: readonly CostShare[];
  readonly topModels: readonly CostShare[];
  readonly costByProvider: Readonly<Record<string, Decimal>>;
  /** Half up to 1 pico-USD; 0 without requests. */
  readonly averageCostPerRequest: Decimal;
}

/** What a report is asked for. */
export interface CostReportQuery {
  /** Absent: all of the tenant's usage. */
  readonly workspaceId?: string | undefined;
  /** Absent: the tenant of `withTenant`, else the instance's. */
  readonly tenantId?: string | undefined;
  /** Default daily. */
  readonly granularity?: CostGranularity | undefined;
  /** The half-open period [start, end); an end of now leaves nothing out. Absent: all usage. */
  readonly start?: Date | undefined;
  readonly end?: Date | undefined;
}

export async function costReport(billing: Billing, query: CostReportQuery): Promise<CostReport> {
  const { workspaceId, granularity = CostGranularity.DAILY, start, end } = query;
  if (!Object.hasOwn(GROUPINGS, granularity)) {
    const text = `granularity must be one of ${Object.values(CostGranularity).join(", ")}`;
    throw invalidInput("granularity", "unknown_granularity", text);
  }
  const usageBy = workspaceUsage(billing, query);
  const grouping = GROUPINGS[granularity];
  const sums = sumsOf((await usageBy()).total);
  const periods = (await usageBy(grouping)).groups;
  const agents = (await usageBy("agent")).groups;
  const models = (await usageBy("model")).groups;
  const providers = (await usageBy("provider")).groups;
  return {
    workspaceId: workspaceId ?? null,
    granularity,
    start: start ?? null,
    end: end ?? null,
    ...sums,
    costOverTime: periods.map((group) => ({ start: new Date(group.key[grouping] ?? 0), ...sumsOf(group) })),
    topAgents: topOf(agents, "agent"),
    topModels: topOf(models, "model"),
    costByProvider: costBy(providers, "provider"),
    averageCostPerRequest: proportionOf(sums.totalCost, 1, sums.totalRequests),
  };
}

export async function workspaceStats(
  billing: Billing,
  query: CostReportQuery & { readonly workspaceId: string },
): Promise<WorkspaceStats> {
  requireWorkspace(query.workspaceId);
  const usageBy = workspaceUsage(billing, query);
  return {
    workspaceId: query.workspaceId,
    ...sumsOf((await usageBy()).total),
    costByAgent: costBy((await usageBy("agent")).groups, "agent"),
    costByModel: costBy((await usageBy("model")).groups, "model"),
    costByProvider: costBy((await usageBy("provider")).groups, "provider"),
  };
}

interface WorkspaceUsage {
  readonly total: UsageTotals | undefined;
  readonly groups: readonly UsageGroup[];
}

/** Reads one workspace's usage, or without one the tenant's. The engine groups by workspace; this picks its groups. */
function workspaceUsage(
  billing: Billing,
  query: CostReportQuery,
): (grouping?: Grouping) => Promise<WorkspaceUsage> {
  const { workspaceId, tenantId, start, end } = query;
  const scope = { tenant: tenantId, ...reportPeriod(billing.clock, start, end, ["start", "end"]) };
  if (workspaceId === undefined) {
    return (grouping) => billing.analytics.usage({ ...scope, by: grouping === undefined ? [] : [grouping] });
  }
  requireWorkspace(workspaceId);
  return async (grouping) => {
    const by: Grouping[] = grouping === undefined ? ["workspace"] : ["workspace", grouping];
    const report = await billing.analytics.usage({ ...scope, by });
    const groups = report.groups.filter(({ key }) => key.workspace === workspaceId);
    return { total: groups[0], groups };
  };
}

function requireWorkspace(workspaceId: string): void {
  if (typeof workspaceId !== "string" || workspaceId === "") {
    throw invalidInput("workspaceId", "required", "workspaceId must be a non-empty text");
  }
}

function sumsOf(totals: UsageTotals | undefined): CostSums {
  return {
    totalCost: totals?.costUsd ?? usdToDecimal(0n),
    totalRequests: totals?.events ?? 0,
    totalTokensIn: totals?.inputTokens ?? 0,
    totalTokensOut: totals?.outputTokens ?? 0,
  };
}

/** Groups come with the most expensive first. */
function topOf(groups: readonly UsageGroup[], grouping: Grouping): CostShare[] {
  return groups.slice(0, TOP).map((group) => ({ name: group.key[grouping] ?? null, ...sumsOf(group) }));
}
