// `EnterpriseMeter`'s budget: a monthly and a daily one under fixed ids.

import type { Decimal } from "decimal.js";
import type { Billing } from "../billing.ts";
import type { BudgetRecord, ThresholdInput } from "../domain/budgets/index.ts";
import { type DecimalInput, formatDecimal, parseDecimal, parseUsd, usdToDecimal } from "../kernel/index.ts";
import { type BudgetAlert, storedAlert } from "./budget-alert.ts";
import { checkFields, named } from "./checked-call.ts";
import { putBudget, storedBudget, unlimit } from "./stored-budget.ts";

/** Limits on the cost of a tenant. */
export interface BudgetConfig {
  /** Absent: the tenant of `withTenant`, else the instance's. */
  readonly tenantId?: string | undefined;
  /** Per calendar month, in UTC. 0 is unlimited. */
  readonly monthlyBudgetUsd: DecimalInput;
  /** Per day, in UTC. Default 0: unlimited. */
  readonly dailyLimitUsd?: DecimalInput | undefined;
  /** Percents that are alerted, besides 100. Default 50, 75, 90. */
  readonly thresholds?: readonly DecimalInput[] | undefined;
  /** Who is mailed alerts. Default: nobody; they go to the operator's webhook, or the log. */
  readonly alertEmails?: readonly string[] | undefined;
  /** Suspends everything when the month's budget is spent, also in the next month, until it is resumed. Default false. */
  readonly autoSuspendOnExceed?: boolean | undefined;
  /** Adds the unused rest of a month, up to one monthly budget, to the next month's. Default false. */
  readonly rolloverUnused?: boolean | undefined;
}

/** A {@link BudgetConfig} as it is stored, and how far it is. */
export interface TenantBudget {
  readonly tenantId: string;
  /** 0 is unlimited. */
  readonly monthlyBudgetUsd: Decimal;
  readonly dailyLimitUsd: Decimal;
  readonly thresholds: readonly number[];
  readonly alertEmails: readonly string[];
  readonly autoSuspendOnExceed: boolean;
  readonly rolloverUnused: boolean;
  readonly isSuspended: boolean;
  readonly currentMonthlySpend: Decimal;
  /** Unused of the month before. */
  readonly carriedOver: Decimal;
  /** Null: unlimited. */
  readonly remaining: Decimal | null;
}

const FIELDS = [
  ...(["tenantId", "monthlyBudgetUsd", "dailyLimitUsd", "thresholds", "alertEmails"] as const),
  ...(["autoSuspendOnExceed", "rolloverUnused"] as const),
] as const satisfies readonly (keyof BudgetConfig)[];
const DEFAULT_THRESHOLDS: readonly DecimalInput[] = [50, 75, 90];
const MONTHLY = "enterprise_meter:monthly";
// Whether a rest rolls over is for ever in a stored budget, so there is one for each.
const ROLLING = "enterprise_meter:monthly_rollover";
const DAILY = "enterprise_meter:daily";
const ALL = [MONTHLY, ROLLING, DAILY] as const;
const ALERTS = 500;

export async function setMeterBudget(billing: Billing, config: BudgetConfig): Promise<void> {
  checkFields(config, FIELDS, "config");
  const { tenantId: tenant, alertEmails = [], autoSuspendOnExceed = false, rolloverUnused = false } = config;
  const notify = alertEmails.map((email) => ({ email }));
  const thresholds = thresholdsOf(config.thresholds ?? DEFAULT_THRESHOLDS);
  const monthly = limitOf(config.monthlyBudgetUsd, "monthlyBudgetUsd");
  const daily = limitOf(config.dailyLimitUsd ?? 0, "dailyLimitUsd");
  const [id, other] = rolloverUnused ? [ROLLING, MONTHLY] : [MONTHLY, ROLLING];
  const end = { percent: 100, action: autoSuspendOnExceed ? ("suspend" as const) : ("hard_limit" as const) };
  const emails = alertEmails.map((_, index) => [`notify[${index}].email`, `alertEmails[${index}]`]);
  // The new limit holds before the other one ends.
  await named({ limit: "monthlyBudgetUsd", ...Object.fromEntries(emails) }, () =>
    putBudget(billing, {
      ...{ id, tenant, name: "monthly budget", period: "monthly", limit: monthly, notify },
      ...{ rollover: rolloverUnused, thresholds: [...thresholds, end] },
    }),
  );
  await unlimit(billing, other, tenant);
  const all = [...thresholds, { percent: 100, action: "hard_limit" as const }];
  const day = { id: DAILY, tenant, name: "daily limit", period: "daily" as const, limit: daily, notify };
  await named({ limit: "dailyLimitUsd" }, () => putBudget(billing, { ...day, thresholds: all }));
}

export async function meterBudget(
  billing: Billing,
  tenant: string | undefined,
): Promise<TenantBudget | null> {
  const [plain, rolling, daily] = (await Promise.all(ALL.map((id) => storedBudget(billing, id, tenant)))) as [
    BudgetRecord?,
    BudgetRecord?,
    BudgetRecord?,
  ];
  const isRolling = rolling !== undefined && (rolling.limit !== null || plain === undefined);
  const monthly = isRolling ? rolling : plain;
  if (monthly === undefined) return null;
  const { counters } = await billing.budgets.status(monthly.id, { tenant: monthly.tenant });
  const [counter] = counters;
  return {
    tenantId: monthly.tenant,
    monthlyBudgetUsd: monthly.limit ?? usdToDecimal(0n),
    dailyLimitUsd: daily?.limit ?? usdToDecimal(0n),
    thresholds: monthly.thresholds.filter(({ percent }) => percent !== 100).map(({ percent }) => percent),
    alertEmails: monthly.notify.flatMap((recipient) => ("email" in recipient ? [recipient.email] : [])),
    autoSuspendOnExceed: monthly.thresholds.some(({ action }) => action === "suspend"),
    rolloverUnused: isRolling,
    isSuspended: [monthly, daily].some((budget) => budget?.status === "suspended"),
    currentMonthlySpend: counter?.spent ?? usdToDecimal(0n),
    carriedOver: counter?.carriedOver ?? usdToDecimal(0n),
    remaining: counter?.remaining ?? null,
  };
}

export async function meterBudgetAlerts(
  billing: Billing,
  tenant: string | undefined,
): Promise<BudgetAlert[]> {
  const alerts: BudgetAlert[] = [];
  for (const id of ALL) {
    const known = await storedBudget(billing, id, tenant);
    if (known === undefined) continue;
    const query = { budget: id, limit: ALERTS, ...(tenant !== undefined && { tenant }) };
    alerts.push(...(await billing.budgets.alerts(query)).items.map(storedAlert));
  }
  return alerts.sort((a, b) => b.raisedAt.getTime() - a.raisedAt.getTime()).slice(0, ALERTS);
}

/** 0 is unlimited here, where an engine's limit of 0 admits nothing. */
function limitOf(amount: DecimalInput, field: string): DecimalInput | null {
  return parseUsd(amount, field) === 0n ? null : amount;
}

function thresholdsOf(percents: readonly DecimalInput[]): ThresholdInput[] {
  return percents.flatMap((input, index) => {
    const bps = parseDecimal(input, 2, `thresholds[${index}]`);
    if (bps === 10_000n) return [];
    return [{ percent: formatDecimal(bps, 2), action: actionOf(bps) }];
  });
}

function actionOf(bps: bigint): ThresholdInput["action"] {
  if (bps < 7_500n) return "notify";
  return bps < 9_000n ? "warn" : "soft_limit";
}
