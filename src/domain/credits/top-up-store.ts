import { jsonOf, type Reader, rowsFrom, type Tx } from "../../store/index.ts";
import type { TenantId } from "../ledger/index.ts";
import type { TopUp, TopUpState } from "./top-up.ts";

const TOP_UP = {
  tenant: "text",
  id: "text",
  amount: "int",
  state: "text",
  requested_at: "int",
  asked_at: "int",
  settled_at: "int",
} as const;
const COLUMNS = Object.keys(TOP_UP).join(", ");

export async function topUpsById(topUps: readonly TenantId[], reader: Reader): Promise<TopUp[]> {
  if (topUps.length === 0) return [];
  const rows = await reader.all<TopUpRow>(
    `SELECT ${COLUMNS.split(", ")
      .map((column) => `t.${column}`)
      .join(", ")} FROM ${rowsFrom(reader.dialect, { tenant: "text", id: "text" })} AS k
     JOIN credit_top_ups AS t ON t.tenant = k.tenant AND t.id = k.id`,
    [jsonOf(topUps.map(({ tenant, id }) => [tenant, id]))],
  );
  return rows.map(topUpOf);
}

export async function topUpsOf(tenant: string, limit: number, reader: Reader): Promise<TopUp[]> {
  const rows = await reader.all<TopUpRow>(
    `SELECT ${COLUMNS} FROM credit_top_ups WHERE tenant = ? ORDER BY requested_at DESC, id DESC LIMIT ?`,
    [tenant, limit],
  );
  return rows.map(topUpOf);
}

/** Open ones that the port has not taken yet, the oldest first. */
export async function topUpsToAskAcrossTenants(limit: number, reader: Reader): Promise<TopUp[]> {
  const rows = await reader.all<TopUpRow>(
    `SELECT ${COLUMNS} FROM credit_top_ups WHERE state = 'open' AND asked_at IS NULL
     ORDER BY requested_at, tenant LIMIT ?`,
    [limit],
  );
  return rows.map(topUpOf);
}

export async function markAsked(tenant: string, id: string, at: number, tx: Tx): Promise<void> {
  await tx.run("UPDATE credit_top_ups SET asked_at = ? WHERE tenant = ? AND id = ? AND asked_at IS NULL", [
    at,
    tenant,
    id,
  ]);
}

/** Those that are settled before new ones: a tenant has one open at most, and the table refuses a second. */
export async function writeTopUps(
  tx: Tx,
  { made, settled }: { readonly made: readonly TopUp[]; readonly settled: readonly TopUp[] },
): Promise<void> {
  if (settled.length > 0) {
    await tx.run(
      `UPDATE credit_top_ups SET state = r.state, settled_at = r.settled_at FROM ${rowsFrom(tx.dialect, TOP_UP)} AS r
       WHERE credit_top_ups.tenant = r.tenant AND credit_top_ups.id = r.id`,
      [jsonOf(settled.map(rowOf))],
    );
  }
  if (made.length > 0) {
    await tx.run(
      `INSERT INTO credit_top_ups (${COLUMNS}) SELECT ${COLUMNS} FROM ${rowsFrom(tx.dialect, TOP_UP)} AS r`,
      [jsonOf(made.map(rowOf))],
    );
  }
}

/** Rules of locked accounts; null is none. */
export async function writeTopUpRules(
  tx: Tx,
  rules: readonly {
    readonly tenant: string;
    readonly rule: { readonly threshold: bigint; readonly amount: bigint; readonly isPaused: boolean } | null;
  }[],
): Promise<void> {
  await tx.each(
    "UPDATE credit_accounts SET top_up_threshold = ?, top_up_amount = ?, top_up_paused = ? WHERE tenant = ?",
    rules.map(({ tenant, rule }) => [
      rule?.threshold ?? null,
      rule?.amount ?? null,
      rule?.isPaused === true ? 1 : 0,
      tenant,
    ]),
  );
}

/** A tenant's rule; undefined for none. */
export async function topUpRuleOf(
  tenant: string,
  reader: Reader,
): Promise<{ threshold: bigint; amount: bigint; isPaused: boolean } | undefined> {
  const row = await reader.get<{ top_up_threshold: bigint; top_up_amount: bigint; top_up_paused: bigint }>(
    `SELECT top_up_threshold, top_up_amount, top_up_paused FROM credit_accounts
     WHERE tenant = ? AND top_up_amount IS NOT NULL`,
    [tenant],
  );
  if (row === undefined) return undefined;
  return { threshold: row.top_up_threshold, amount: row.top_up_amount, isPaused: row.top_up_paused === 1n };
}

interface TopUpRow {
  readonly tenant: string;
  readonly id: string;
  readonly amount: bigint;
  readonly state: TopUpState;
  readonly requested_at: bigint;
  readonly asked_at: bigint | null;
  readonly settled_at: bigint | null;
}

function rowOf({ tenant, id, amount, state, requestedAt, askedAt, settledAt }: TopUp) {
  return [tenant, id, amount, state, requestedAt, askedAt, settledAt];
}

function topUpOf(row: TopUpRow): TopUp {
  const { tenant, id, amount, state } = row;
  return {
    ...{ tenant, id, amount, state, requestedAt: Number(row.requested_at) },
    askedAt: row.asked_at === null ? null : Number(row.asked_at),
    settledAt: row.settled_at === null ? null : Number(row.settled_at),
  };
}
