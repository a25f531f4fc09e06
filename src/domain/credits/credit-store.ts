// Accounts and lots.

import { jsonOf, type Reader, rowsFrom, type Tx } from "../../store/index.ts";
import type { TenantId } from "../ledger/index.ts";
import { ACCOUNT, CREDIT_CURRENCY, type CreditTransactionType, type Lot } from "./credit.ts";

const LOT = {
  n: "int",
  tenant: "text",
  id: "text",
  type: "text",
  granted: "int",
  remaining: "int",
  expires_at: "int",
  voided_at: "int",
} as const;
const LOT_COLUMNS = Object.keys(LOT).slice(1).join(", ");
const LOT_READ = `l.seq, ${LOT_COLUMNS.split(", ")
  .map((column) => `l.${column}`)
  .join(", ")}`;
const TENANT = { tenant: "text" } as const;

/** An account as it stands when it is locked. */
export interface StoredAccount {
  readonly tenant: string;
  /** Lots whose end has come but is not posted are still in it. */
  readonly balance: bigint;
  readonly topUp: { readonly threshold: bigint; readonly amount: bigint; readonly isPaused: boolean } | null;
  /** Id of the top-up that is asked for and not settled. */
  readonly openTopUp: string | null;
}

/** Makes the accounts that are missing and locks all, in order: nobody else changes these tenants' credits meanwhile. */
export async function lockAccountsAcrossTenants(
  tx: Tx,
  tenants: readonly string[],
): Promise<StoredAccount[]> {
  const source = rowsFrom(tx.dialect, TENANT);
  const json = jsonOf([...tenants].sort().map((tenant) => [tenant]));
  await tx.run(
    `INSERT INTO credit_accounts (tenant, top_up_paused) SELECT tenant, 0 FROM ${source} AS r WHERE true ORDER BY tenant
     ON CONFLICT DO NOTHING`,
    [json],
  );
  if (tx.dialect === "postgres") {
    await tx.all(
      `SELECT a.tenant FROM ${source} AS k JOIN credit_accounts AS a ON a.tenant = k.tenant
       ORDER BY a.tenant FOR UPDATE OF a`,
      [json],
    );
  }
  // A statement of its own: what was committed while we waited for the locks must be seen.
  const rows = await tx.all<AccountRow>(
    `SELECT a.tenant, a.top_up_threshold, a.top_up_amount, a.top_up_paused, b.balance, t.id AS open_top_up
     FROM ${source} AS k JOIN credit_accounts AS a ON a.tenant = k.tenant
     LEFT JOIN ledger_balances AS b ON b.tenant = a.tenant AND b.currency = ? AND b.account = ?
     LEFT JOIN credit_top_ups AS t ON t.tenant = a.tenant AND t.state = 'open'`,
    [json, CREDIT_CURRENCY, ACCOUNT.credits],
  );
  return rows.map((row) => ({
    tenant: row.tenant,
    balance: row.balance ?? 0n,
    topUp:
      row.top_up_amount === null
        ? null
        : {
            threshold: row.top_up_threshold ?? 0n,
            amount: row.top_up_amount,
            isPaused: row.top_up_paused === 1n,
          },
    openTopUp: row.open_top_up,
  }));
}

/** Of each tenant all lots whose end has come and, of the others in their order of use, enough to give `needed`. */
export async function openLotsAcrossTenants(
  tx: Tx,
  needs: readonly { readonly tenant: string; readonly needed: bigint }[],
  now: number,
): Promise<Lot[]> {
  const rows = await tx.all<LotRow>(
    `SELECT ${LOT_READ} FROM (
       SELECT l.*, k.needed, sum(CASE WHEN l.expires_at > ? THEN l.remaining ELSE 0 END)
         OVER (PARTITION BY l.tenant ORDER BY l.expires_at, l.seq) - l.remaining AS earlier
       FROM ${rowsFrom(tx.dialect, { tenant: "text", needed: "int" })} AS k
       JOIN credit_lots AS l ON l.tenant = k.tenant AND l.remaining > 0
     ) AS l WHERE l.expires_at <= ? OR l.earlier < l.needed`,
    [now, jsonOf(needs.map(({ tenant, needed }) => [tenant, needed])), now],
  );
  return rows.map(lotOf);
}

export async function lotsById(lots: readonly TenantId[], reader: Reader): Promise<Lot[]> {
  if (lots.length === 0) return [];
  const rows = await reader.all<LotRow>(
    `SELECT ${LOT_READ} FROM ${rowsFrom(reader.dialect, { tenant: "text", id: "text" })} AS k
     JOIN credit_lots AS l ON l.tenant = k.tenant AND l.id = k.id`,
    [jsonOf(lots.map(({ tenant, id }) => [tenant, id]))],
  );
  return rows.map(lotOf);
}

/** A tenant's lots that have something left and do not end by `now`, in their order of use; up to those ending at `until`. */
export async function spendableLots(
  tenant: string,
  { now, until }: { readonly now: number; readonly until: number },
  reader: Reader,
): Promise<Lot[]> {
  const rows = await reader.all<LotRow>(
    `SELECT ${LOT_READ} FROM credit_lots AS l
     WHERE l.tenant = ? AND l.remaining > 0 AND l.expires_at > ? AND l.expires_at <= ? ORDER BY l.expires_at, l.seq`,
    [tenant, now, until],
  );
  return rows.map(lotOf);
}

/** What a tenant's lots still have whose end has come. */
export async function dueRest(tenant: string, now: number, reader: Reader): Promise<bigint> {
  const row = await reader.get<{ due: bigint | null }>(
    "SELECT sum(remaining) AS due FROM credit_lots WHERE tenant = ? AND remaining > 0 AND expires_at <= ?",
    [tenant, now],
  );
  return row?.due ?? 0n;
}

/** Tenants with lots whose end has come; those that have waited longest first. */
export async function dueTenantsAcrossTenants(now: number, limit: number, reader: Reader): Promise<string[]> {
  const rows = await reader.all<{ tenant: string }>(
    `SELECT tenant, min(expires_at) AS first FROM credit_lots WHERE remaining > 0 AND expires_at <= ?
     GROUP BY tenant ORDER BY first, tenant LIMIT ?`,
    [now, limit],
  );
  return rows.map(({ tenant }) => tenant);
}

export async function hasDueLotsAcrossTenants(now: number, reader: Reader): Promise<boolean> {
  const row = await reader.get("SELECT id FROM credit_lots WHERE remaining > 0 AND expires_at <= ? LIMIT 1", [
    now,
  ]);
  return row !== undefined;
}

/** Adds lots of locked accounts, in their order. */
export async function insertLots(tx: Tx, lots: readonly Lot[]): Promise<void> {
  if (lots.length === 0) return;
  await tx.run(
    `INSERT INTO credit_lots (${LOT_COLUMNS})
     SELECT ${LOT_COLUMNS} FROM ${rowsFrom(tx.dialect, LOT)} AS r ORDER BY n`,
    [jsonOf(lots.map((lot, n) => [n, ...lotRow(lot)]))],
  );
}

/** Changes lots that still have what they had; tells whether all did. */
export async function updateLots(
  tx: Tx,
  changes: readonly { readonly lot: Lot; readonly before: bigint }[],
): Promise<boolean> {
  if (changes.length === 0) return true;
  const columns = { ...LOT, before: "int" } as const;
  const changed = await tx.run(
    `UPDATE credit_lots SET remaining = r.remaining, voided_at = r.voided_at FROM ${rowsFrom(tx.dialect, columns)} AS r
     WHERE credit_lots.tenant = r.tenant AND credit_lots.id = r.id AND credit_lots.remaining = r.before`,
    [jsonOf(changes.map(({ lot, before }, n) => [n, ...lotRow(lot), before]))],
  );
  return changed === changes.length;
}

interface AccountRow {
  readonly tenant: string;
  readonly top_up_threshold: bigint | null;
  readonly top_up_amount: bigint | null;
  readonly top_up_paused: bigint;
  readonly balance: bigint | null;
  readonly open_top_up: string | null;
}

interface LotRow {
  readonly seq: bigint;
  readonly tenant: string;
  readonly id: string;
  readonly type: CreditTransactionType;
  readonly granted: bigint;
  readonly remaining: bigint;
  readonly expires_at: bigint;
  readonly voided_at: bigint | null;
}

function lotRow({ tenant, id, type, granted, remaining, expiresAt, voidedAt }: Lot) {
  return [tenant, id, type, granted, remaining, expiresAt, voidedAt];
}

function lotOf(row: LotRow): Lot {
  const { tenant, id, type, granted, remaining } = row;
  const voidedAt = row.voided_at === null ? null : Number(row.voided_at);
  return {
    ...{ tenant, id, type, granted, remaining, voidedAt },
    ...{ expiresAt: Number(row.expires_at), seq: Number(row.seq) },
  };
}
