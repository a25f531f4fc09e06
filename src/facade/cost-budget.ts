// `CostTracker`'s budget: up to four stored ones, one per limit.

import type { Decimal } from "decimal.js";
import type { Billing } from "../billing.ts";
import {
  type BudgetPeriodName,
  type BudgetRecord,
  EACH,
  type Scope,
  type ThresholdInput,
} from "../domain/budgets/index.ts";
import type { Recipient } from "../domain/notifications/index.ts";
import { type DecimalInput, periodAt } from "../kernel/index.ts";
import { checkFields, named, tenantNamed } from "./checked-call.ts";
import { dimensionValue, putBudget, unlimit } from "./stored-budget.ts";

/** Limits on the cost of a workspace, or of a tenant. Amounts are exact decimal dollars; 0 blocks everything. */
export interface Budget {
  /** Default: the one budget of its workspace, or of the tenant. */
  readonly id?: string | undefined;
  readonly name: string;
  /** Absent: all usage of the tenant. */
  readonly workspaceId?: string | undefined;
  /** Absent: the tenant of `withTenant`, else the instance's. */
  readonly tenantId?: string | undefined;
  /** The same as `tenantId`. */
  readonly orgId?: string | undefined;
  /** Per calendar month, in UTC. Absent, as is any other limit: none. */
  readonly monthlyLimitUsd?: DecimalInput | null | undefined;
  /** Per day, in UTC. */
  readonly dailyLimitUsd?: DecimalInput | null | undefined;
  /** On each debate; from the start of the month in which the limit is first set. */
  readonly perDebateLimitUsd?: DecimalInput | null | undefined;
  /** On each agent, per calendar month. */
  readonly perAgentLimitUsd?: DecimalInput | null | undefined;
  /** Whether reaching 50 % is alerted. Default true, as the next two; 100 % always is. */
  readonly alertThreshold50?: boolean | undefined;
  readonly alertThreshold75?: boolean | undefined;
  readonly alertThreshold90?: boolean | undefined;
  /** Who is told of alerts. Absent: the operator's webhook, or the log. */
  readonly notify?: readonly Recipient[] | undefined;
}

/** A {@link Budget} as it is stored, and how far it is. Null: no such limit. */
export interface BudgetOverview {
  readonly id: string;
  readonly name: string;
  readonly tenantId: string;
  readonly workspaceId: string | null;
  readonly monthlyLimitUsd: Decimal | null;
  readonly dailyLimitUsd: Decimal | null;
  readonly perDebateLimitUsd: Decimal | null;
  readonly perAgentLimitUsd: Decimal | null;
  readonly alertThreshold50: boolean;
  readonly alertThreshold75: boolean;
  readonly alertThreshold90: boolean;
  /** This month's, and today's; null where there never was such a limit. */
  readonly currentMonthlySpend: Decimal | null;
  readonly currentDailySpend: Decimal | null;
  readonly isSuspended: boolean;
}

const PREFIX = "cost_tracker:";
/** The beginning of the stored ids of limits on one debate. */
export const DEBATE_LIMIT = "cost_tracker_debate:";
const FIELDS = [
  ...(["id", "name", "workspaceId", "tenantId", "orgId", "monthlyLimitUsd", "dailyLimitUsd"] as const),
  ...(["perDebateLimitUsd", "perAgentLimitUsd"] as const),
  ...(["alertThreshold50", "alertThreshold75", "alertThreshold90", "notify"] as const),
] as const satisfies readonly (keyof Budget)[];

type LimitField = "monthlyLimitUsd" | "dailyLimitUsd" | "perDebateLimitUsd" | "perAgentLimitUsd";

interface Part {
  readonly field: LimitField;
  /** The end of the stored budget's id. */
  readonly suffix: string;
  readonly period: BudgetPeriodName;
  readonly scope: Scope;
}

const PARTS: readonly Part[] = [
  { field: "monthlyLimitUsd", suffix: ":monthly", period: "monthly", scope: {} },
  { field: "dailyLimitUsd", suffix: ":daily", period: "daily", scope: {} },
  { field: "perDebateLimitUsd", suffix: ":per_debate", period: "total", scope: { debate: EACH } },
  { field: "perAgentLimitUsd", suffix: ":per_agent", period: "monthly", scope: { agent: EACH } },
];

/** Whether a stored budget is one of the tracker's. */
export function isCostBudget(id: string): boolean {
  return id.startsWith(PREFIX) || id.startsWith(DEBATE_LIMIT);
}

/** The stored id of what the tracker calls by another one. */
export function costBudgetId(id: string): string {
  return `${PREFIX}${id}`;
}

export async function setCostBudget(billing: Billing, budget: Budget): Promise<void> {
  checkFields(budget, FIELDS, "budget");
  const tenant = tenantNamed(budget);
  const { name, workspaceId, notify } = budget;
  const workspace =
    workspaceId === undefined ? {} : { workspace: dimensionValue(workspaceId, "workspaceId") };
  const own = workspaceId === undefined ? "tenant" : `workspace:${workspaceId}`;
  const base = costBudgetId(budget.id === undefined ? own : dimensionValue(budget.id, "id"));
  const monthStart = new Date(periodAt(billing.clock.now(), "month").start);
  for (const { field, suffix, period, scope } of PARTS) {
    const limit = budget[field] ?? null;
    const id = base + suffix;
    if (limit === null) {
      await unlimit(billing, id, tenant);
      continue;
    }
    // A debate under way counts with what it has used, like a month does.
    const from = period === "total" ? { from: monthStart } : {};
    const terms = { id, tenant, name, limit, period, notify, thresholds: thresholdsOf(budget), ...from };
    await named({ limit: field }, () => putBudget(billing, { ...terms, scope: { ...workspace, ...scope } }));
  }
}

export async function costBudget(
  billing: Billing,
  query: { id?: string | undefined; workspaceId?: string | undefined; tenant: string | undefined },
): Promise<BudgetOverview | null> {
  const all = await billing.budgets.list({ ...(query.tenant !== undefined && { tenant: query.tenant }) });
  const found = new Map<string, BudgetRecord[]>();
  for (const record of all) {
    const part = PARTS.find(({ suffix }) => record.id.startsWith(PREFIX) && record.id.endsWith(suffix));
    if (part === undefined) continue;
    const id = record.id.slice(PREFIX.length, -part.suffix.length);
    found.set(id, [...(found.get(id) ?? []), record]);
  }
  const of = (workspace: string | undefined) =>
    [...found].filter(([, parts]) => parts[0]?.scope.workspace === workspace).at(-1);
  const { id, workspaceId } = query;
  const chosen =
    id === undefined ? (of(workspaceId) ?? of(undefined)) : [...found].find(([known]) => known === id);
  return chosen === undefined ? null : overviewOf(billing, ...chosen);
}

async function overviewOf(
  billing: Billing,
  id: string,
  records: readonly BudgetRecord[],
): Promise<BudgetOverview> {
  const limits = new Map<LimitField, Decimal | null>();
  const spends = new Map<LimitField, Decimal | null>();
  for (const { field, suffix } of PARTS) {
    const record = records.find((part) => part.id === costBudgetId(id) + suffix);
    limits.set(field, record?.limit ?? null);
    if (record === undefined || field.startsWith("per")) continue;
    const { counters } = await billing.budgets.status(record.id, { tenant: record.tenant });
    spends.set(field, counters[0]?.spent ?? null);
  }
  const [first] = records as [BudgetRecord];
  const last = records.find(({ limit }) => limit !== null) ?? first;
  const alerts = (at: number) => last.thresholds.some(({ percent }) => percent === at);
  const limit = (field: LimitField) => limits.get(field) ?? null;
  return {
    id,
    name: last.name,
    tenantId: first.tenant,
    workspaceId: first.scope.workspace ?? null,
    monthlyLimitUsd: limit("monthlyLimitUsd"),
    dailyLimitUsd: limit("dailyLimitUsd"),
    perDebateLimitUsd: limit("perDebateLimitUsd"),
    perAgentLimitUsd: limit("perAgentLimitUsd"),
    alertThreshold50: alerts(50),
    alertThreshold75: alerts(75),
    alertThreshold90: alerts(90),
    currentMonthlySpend: spends.get("monthlyLimitUsd") ?? null,
    currentDailySpend: spends.get("dailyLimitUsd") ?? null,
    isSuspended: records.some(({ status }) => status === "suspended"),
  };
}

function thresholdsOf({ alertThreshold50, alertThreshold75, alertThreshold90 }: Budget): ThresholdInput[] {
  return [
    ...(alertThreshold50 === false ? [] : [{ percent: 50, action: "notify" as const }]),
    ...(alertThreshold75 === false ? [] : [{ percent: 75, action: "warn" as const }]),
    ...(alertThreshold90 === false ? [] : [{ percent: 90, action: "soft_limit" as const }]),
    { percent: 100, action: "hard_limit" },
  ];
}
