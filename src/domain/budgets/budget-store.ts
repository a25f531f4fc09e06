// Definitions, their changes and overrides.

import type { Reader, Tx, Value } from "../../store/index.ts";
import type { Budget, Override, Recipient, Threshold } from "./budget.ts";
import type { Scope } from "./scope.ts";

/** "budg": under it exclusively definitions change, under it shared usage is counted. */
const BUDGETS_LOCK = 0x62756467;

/**
 * Holds the budgets for the rest of the transaction: shared by all who count, exclusive for who changes what is counted.
 * An event whose transaction has not counted yet then finds the new definition, one that has is found by the new
 * definition. SQLite has one writer, which is the same.
 */
export async function lockBudgets(tx: Tx, mode: "shared" | "exclusive"): Promise<void> {
  if (tx.dialect !== "postgres") return;
  const suffix = mode === "shared" ? "_shared" : "";
  await tx.all(`SELECT CAST(pg_advisory_xact_lock${suffix}(${BUDGETS_LOCK}) AS TEXT)`);
}

export interface BookVersion {
  readonly version: bigint;
  /** Whether any spend names an event. */
  readonly linked: boolean;
}

export async function readVersion(reader: Reader): Promise<BookVersion> {
  const row = await reader.get<{ version: bigint; linked: bigint }>(
    "SELECT version, linked FROM budget_book",
  );
  return { version: row?.version ?? 0n, linked: row?.linked === 1n };
}

/** The version under which this transaction's changes are written; versions are committed in their order. */
export async function nextVersion(tx: Tx): Promise<bigint> {
  const row = await tx.get<{ version: bigint }>(
    "UPDATE budget_book SET version = version + 1 RETURNING version",
  );
  return row?.version ?? 0n;
}

export async function markLinked(tx: Tx): Promise<void> {
  await tx.run("UPDATE budget_book SET linked = 1");
}

/** Definitions of all tenants that changed after a version. */
export async function changedBudgetsAcrossTenants(after: bigint, reader: Reader): Promise<Budget[]> {
  const rows = await reader.all<BudgetRow>("SELECT * FROM budgets WHERE version > ? ORDER BY tenant, id", [
    after,
  ]);
  return rows.map(budgetOf);
}

/** Overrides of all tenants that were added after a version and have not ended. */
export async function addedOverridesAcrossTenants(
  after: bigint,
  now: number,
  reader: Reader,
): Promise<Override[]> {
  const rows = await reader.all<OverrideRow>(
    "SELECT * FROM budget_overrides WHERE version > ? AND until > ? ORDER BY version, id",
    [after, now],
  );
  return rows.map(overrideOf);
}

export async function findBudget(tenant: string, id: string, reader: Reader): Promise<Budget | undefined> {
  const row = await reader.get<BudgetRow>("SELECT * FROM budgets WHERE tenant = ? AND id = ?", [tenant, id]);
  return row === undefined ? undefined : budgetOf(row);
}

/** The one that the tenant's plan owns now. */
export async function openBudgetOfPlan(tenant: string, reader: Reader): Promise<Budget | undefined> {
  const row = await reader.get<BudgetRow>(
    "SELECT * FROM budgets WHERE tenant = ? AND owner = 'plan' AND status <> 'closed'",
    [tenant],
  );
  return row === undefined ? undefined : budgetOf(row);
}

/** Of one tenant, in the order of their creation. */
export async function listBudgets(tenant: string, withClosed: boolean, reader: Reader): Promise<Budget[]> {
  const open = withClosed ? "" : "AND status <> 'closed'";
  const rows = await reader.all<BudgetRow>(
    `SELECT * FROM budgets WHERE tenant = ? ${open} ORDER BY created_at, id`,
    [tenant],
  );
  return rows.map(budgetOf);
}

export async function allBudgetsAcrossTenants(reader: Reader): Promise<Budget[]> {
  return (await reader.all<BudgetRow>("SELECT * FROM budgets ORDER BY tenant, id")).map(budgetOf);
}

export async function insertBudget(tx: Tx, budget: Budget, version: bigint): Promise<void> {
  const row = rowOf(budget, version);
  await tx.run(
    `INSERT INTO budgets (${Object.keys(row).join(", ")}) VALUES (${Object.keys(row)
      .map(() => "?")
      .join(", ")})`,
    Object.values(row),
  );
}

/** Writes what of a definition can change. */
export async function updateBudget(tx: Tx, budget: Budget, version: bigint): Promise<void> {
  const row = rowOf(budget, version);
  await tx.run(
    `UPDATE budgets SET name = ?, limit_amount = ?, thresholds = ?, overage = ?, notify = ?, fail_open = ?, status = ?,
       suspended_by = ?, terms_since = ?, version = ? WHERE tenant = ? AND id = ?`,
    [
      row.name,
      row.limit_amount,
      row.thresholds,
      row.overage,
      row.notify,
      row.fail_open,
      row.status,
      row.suspended_by,
      row.terms_since,
      version,
      budget.tenant,
      budget.id,
    ],
  );
}

/** Suspends by a crossed threshold what is active; false where it was not. */
export async function suspendActive(tx: Tx, tenant: string, id: string, version: bigint): Promise<boolean> {
  const changed = await tx.run(
    `UPDATE budgets SET status = 'suspended', suspended_by = 'threshold', version = ?
     WHERE tenant = ? AND id = ? AND status = 'active'`,
    [version, tenant, id],
  );
  return changed === 1;
}

export interface BudgetChange {
  readonly tenant: string;
  readonly budget: string;
  readonly kind: string;
  readonly actor: string;
  readonly reason: string;
  /** JSON text. */
  readonly detail: string;
  readonly at: number;
}

export async function appendChange(tx: Tx, change: BudgetChange): Promise<void> {
  const { tenant, budget, kind, actor, reason, detail, at } = change;
  await tx.run(
    "INSERT INTO budget_changes (tenant, budget, kind, actor, reason, detail, at) VALUES (?, ?, ?, ?, ?, ?, ?)",
    [tenant, budget, kind, actor, reason, detail, at],
  );
}

/** What was done to a budget, oldest first. */
export async function listChanges(tenant: string, budget: string, reader: Reader): Promise<BudgetChange[]> {
  const rows = await reader.all<Omit<BudgetChange, "at"> & { at: bigint }>(
    `SELECT tenant, budget, kind, actor, reason, detail, at FROM budget_changes
     WHERE tenant = ? AND budget = ? ORDER BY seq`,
    [tenant, budget],
  );
  return rows.map((row) => ({ ...row, at: Number(row.at) }));
}

export async function insertOverride(
  tx: Tx,
  override: Override & { readonly actor: string; readonly reason: string; readonly createdAt: number },
  version: bigint,
): Promise<void> {
  const { tenant, id, budget, user, until, limit, actor, reason, createdAt } = override;
  await tx.run(
    `INSERT INTO budget_overrides (tenant, id, budget, "user", until, limit_amount, actor, reason, created_at, version)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
    [tenant, id, budget, user, until, limit, actor, reason, createdAt, version],
  );
}

interface BudgetRow {
  readonly tenant: string;
  readonly id: string;
  readonly name: string;
  readonly scope: string;
  readonly measure: Budget["measure"];
  readonly money: Budget["money"];
  readonly period: Budget["period"];
  readonly zone: string;
  readonly anchor: bigint | null;
  readonly limit_amount: bigint | null;
  readonly thresholds: string;
  readonly overage: string;
  readonly rollover: bigint;
  readonly fail_open: bigint;
  readonly notify: string;
  readonly status: Budget["status"];
  readonly suspended_by: Budget["suspendedBy"];
  readonly owner: Budget["owner"];
  readonly counts_from: bigint;
  readonly terms_since: bigint;
  readonly created_at: bigint;
}

interface OverrideRow {
  readonly tenant: string;
  readonly id: string;
  readonly budget: string;
  readonly user: string;
  readonly until: bigint;
  readonly limit_amount: bigint | null;
}

function budgetOf(row: BudgetRow): Budget {
  const overage =
    row.overage === "" ? null : (JSON.parse(row.overage) as { multiplier: string; cap?: string });
  return {
    tenant: row.tenant,
    id: row.id,
    name: row.name,
    scope: JSON.parse(row.scope) as Scope,
    measure: row.measure,
    money: row.money,
    period: row.period,
    zone: row.zone,
    anchor: row.anchor === null ? null : Number(row.anchor),
    limit: row.limit_amount,
    thresholds: JSON.parse(row.thresholds) as Threshold[],
    overage:
      overage === null
        ? null
        : { multiplier: overage.multiplier, cap: overage.cap === undefined ? null : BigInt(overage.cap) },
    rollover: row.rollover === 1n,
    failOpen: row.fail_open === 1n,
    notify: JSON.parse(row.notify) as Recipient[],
    status: row.status,
    suspendedBy: row.suspended_by,
    owner: row.owner,
    countsFrom: Number(row.counts_from),
    termsSince: Number(row.terms_since),
    createdAt: Number(row.created_at),
  };
}

function rowOf(budget: Budget, version: bigint) {
  const { overage } = budget;
  const cap = overage?.cap ?? null;
  const overageText =
    overage === null
      ? ""
      : JSON.stringify({ multiplier: overage.multiplier, ...(cap !== null && { cap: String(cap) }) });
  return {
    tenant: budget.tenant,
    id: budget.id,
    name: budget.name,
    scope: JSON.stringify(budget.scope),
    measure: budget.measure,
    money: budget.money,
    period: budget.period,
    zone: budget.zone,
    anchor: budget.anchor,
    limit_amount: budget.limit,
    thresholds: JSON.stringify(budget.thresholds),
    overage: overageText,
    rollover: budget.rollover ? 1 : 0,
    fail_open: budget.failOpen ? 1 : 0,
    notify: JSON.stringify(budget.notify),
    status: budget.status,
    suspended_by: budget.suspendedBy,
    owner: budget.owner,
    counts_from: budget.countsFrom,
    terms_since: budget.termsSince,
    created_at: budget.createdAt,
    version,
  } satisfies Record<string, Value>;
}

function overrideOf(row: OverrideRow): Override {
  const { tenant, id, budget, user, until } = row;
  return { tenant, id, budget, user, until: Number(until), limit: row.limit_amount };
}
