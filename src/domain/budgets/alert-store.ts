import { joinMoney } from "../../kernel/index.ts";
import type { Reader, Tx } from "../../store/index.ts";
import type { BudgetAlert } from "./alert.ts";
import type { ThresholdAction } from "./budget.ts";
import type { CounterId } from "./counter-store.ts";
import { halves } from "./halves.ts";
import { levelOf } from "./thresholds.ts";

const COLUMNS =
  "tenant, budget, counter, period_start, resets, bps, id, action, spent_hi, spent_lo, limit_amount, raised_at, acknowledged_at, acknowledged_by";

/** Adds alerts; returns those that are new: each (tenant, budget, counter, period, resets, threshold) once for ever. */
export async function insertAlerts<Alert extends BudgetAlert>(
  tx: Tx,
  alerts: readonly Alert[],
): Promise<Alert[]> {
  const added = await tx.each(
    `INSERT INTO budget_alerts (${COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, NULL, '')
     ON CONFLICT DO NOTHING`,
    alerts.map((alert) => [
      ...[alert.tenant, alert.budget, alert.counter, alert.periodStart, alert.resets, alert.bps, alert.id],
      ...[alert.action, ...halves(alert.spent), alert.limit, alert.raisedAt],
    ]),
  );
  return alerts.filter((_, index) => added[index] === 1);
}

/** One tenant's alerts, newest first, before a position. */
export async function pageOfAlerts(
  tenant: string,
  page: { budget: string | undefined; before: bigint | undefined; limit: number },
  reader: Reader,
): Promise<(BudgetAlert & { seq: bigint })[]> {
  const { budget, before, limit } = page;
  const rows = await reader.all<AlertRow>(
    `SELECT seq, ${COLUMNS} FROM budget_alerts WHERE tenant = ? ${budget === undefined ? "" : "AND budget = ?"}
       ${before === undefined ? "" : "AND seq < ?"} ORDER BY seq DESC LIMIT ?`,
    [tenant, ...(budget === undefined ? [] : [budget]), ...(before === undefined ? [] : [before]), limit],
  );
  return rows.map((row) => ({ ...alertOfRow(row), seq: row.seq }));
}

export async function findAlert(
  tenant: string,
  id: string,
  reader: Reader,
): Promise<BudgetAlert | undefined> {
  const row = await reader.get<AlertRow>(
    `SELECT seq, ${COLUMNS} FROM budget_alerts WHERE tenant = ? AND id = ?`,
    [tenant, id],
  );
  return row === undefined ? undefined : alertOfRow(row);
}

/** Acknowledges what nobody has; false where somebody had. */
export async function acknowledge(
  tx: Tx,
  tenant: string,
  id: string,
  by: string,
  at: number,
): Promise<boolean> {
  const changed = await tx.run(
    `UPDATE budget_alerts SET acknowledged_at = ?, acknowledged_by = ?
     WHERE tenant = ? AND id = ? AND acknowledged_at IS NULL`,
    [at, by, tenant, id],
  );
  return changed === 1;
}

/** The alerted thresholds of each of a budget's counters, by its number of resets. */
export async function alertedThresholds(
  tenant: string,
  budget: string,
  reader: Reader,
): Promise<(CounterId & { resets: number; bps: number })[]> {
  const rows = await reader.all<Pick<AlertRow, "counter" | "period_start" | "resets"> & { bps: bigint }>(
    "SELECT counter, period_start, resets, bps FROM budget_alerts WHERE tenant = ? AND budget = ?",
    [tenant, budget],
  );
  return rows.map((row) => ({
    ...{ tenant, budget, counter: row.counter },
    periodStart: Number(row.period_start),
    resets: Number(row.resets),
    bps: Number(row.bps),
  }));
}

interface AlertRow {
  readonly seq: bigint;
  readonly tenant: string;
  readonly budget: string;
  readonly counter: string;
  readonly period_start: bigint;
  readonly resets: bigint;
  readonly bps: bigint;
  readonly id: string;
  readonly action: ThresholdAction;
  readonly spent_hi: bigint;
  readonly spent_lo: bigint;
  readonly limit_amount: bigint;
  readonly raised_at: bigint;
  readonly acknowledged_at: bigint | null;
  readonly acknowledged_by: string;
}

function alertOfRow(row: AlertRow): BudgetAlert {
  return {
    id: row.id,
    tenant: row.tenant,
    budget: row.budget,
    counter: row.counter,
    periodStart: Number(row.period_start),
    resets: Number(row.resets),
    bps: Number(row.bps),
    action: row.action,
    level: levelOf(Number(row.bps)),
    spent: joinMoney(row.spent_hi, row.spent_lo),
    limit: row.limit_amount,
    raisedAt: Number(row.raised_at),
    acknowledgedAt: row.acknowledged_at === null ? null : Number(row.acknowledged_at),
    acknowledgedBy: row.acknowledged_by,
  };
}
