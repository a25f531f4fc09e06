// Redemptions: one row per use of a code for a purchase, for ever. They change only while their code is locked.

import type { Reader, Tx } from "../../store/index.ts";
import type { Redemption, RedemptionState } from "./discount.ts";

const COLUMNS =
  "tenant, reference, code, id, user_id, purchase, base, percent, discount, state, created_at, expires_at";

/** Every use of codes for one purchase of a tenant. */
export async function redemptionsOfPurchase(
  tenant: string,
  reference: string,
  reader: Reader,
): Promise<Redemption[]> {
  const rows = await reader.all<RedemptionRow>(
    `SELECT ${COLUMNS} FROM discount_redemptions WHERE tenant = ? AND reference = ? ORDER BY code`,
    [tenant, reference],
  );
  return rows.map(redemptionOf);
}

export async function redemptionWithId(
  tenant: string,
  id: string,
  reader: Reader,
): Promise<Redemption | undefined> {
  const row = await reader.get<RedemptionRow>(
    `SELECT ${COLUMNS} FROM discount_redemptions WHERE tenant = ? AND id = ?`,
    [tenant, id],
  );
  return row && redemptionOf(row);
}

export async function insertRedemption(tenant: string, redemption: Redemption, tx: Tx): Promise<void> {
  const { reference, code, id, user, purchase, base, percent, discount, state, createdAt, expiresAt } =
    redemption;
  await tx.run(`INSERT INTO discount_redemptions (${COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`, [
    tenant,
    reference,
    code,
    id,
    user,
    purchase,
    base,
    percent,
    discount,
    state,
    createdAt,
    expiresAt,
  ]);
}

/** Moves a redemption from one state to another, once. False: it is in another state already. */
export async function moveRedemption(
  tenant: string,
  id: string,
  { from, to }: { readonly from: RedemptionState; readonly to: RedemptionState },
  tx: Tx,
): Promise<boolean> {
  const moved = await tx.run(
    "UPDATE discount_redemptions SET state = ? WHERE tenant = ? AND id = ? AND state = ?",
    [to, tenant, id, from],
  );
  return moved === 1;
}

/** Reservations of one tenant whose end has come but that are not expired yet. */
export interface DueUses {
  readonly tenant: string;
  readonly uses: bigint;
  readonly discounted: bigint;
}

/** By tenant, in order. */
export async function dueUsesAcrossTenants(code: string, now: number, reader: Reader): Promise<DueUses[]> {
  return reader.all(
    `SELECT tenant, count(*) AS uses, CAST(sum(discount) AS BIGINT) AS discounted FROM discount_redemptions
     WHERE code = ? AND state = 'reserved' AND expires_at <= ? GROUP BY tenant ORDER BY tenant`,
    [code, now],
  );
}

/** Ends all reservations of a locked code whose end has come; returns how many. */
export async function expireRedemptionsAcrossTenants(code: string, now: number, tx: Tx): Promise<number> {
  return tx.run(
    `UPDATE discount_redemptions SET state = 'expired'
     WHERE code = ? AND state = 'reserved' AND expires_at <= ?`,
    [code, now],
  );
}

/** Codes with reservations whose end has come. */
export async function dueCodesAcrossTenants(now: number, limit: number, reader: Reader): Promise<string[]> {
  const rows = await reader.all<{ code: string }>(
    `SELECT DISTINCT code FROM discount_redemptions WHERE state = 'reserved' AND expires_at <= ?
     ORDER BY code LIMIT ?`,
    [now, limit],
  );
  return rows.map(({ code }) => code);
}

export interface RedemptionRow {
  readonly tenant: string;
  readonly reference: string;
  readonly code: string;
  readonly id: string;
  readonly user_id: string;
  readonly purchase: bigint;
  readonly base: bigint;
  readonly percent: string | null;
  readonly discount: bigint;
  readonly state: RedemptionState;
  readonly created_at: bigint;
  readonly expires_at: bigint;
}

function redemptionOf(row: RedemptionRow): Redemption {
  const { tenant, reference, code, id, purchase, base, percent, discount, state } = row;
  return {
    ...{ tenant, reference, code, id, user: row.user_id, purchase, base, percent, discount, state },
    ...{ createdAt: Number(row.created_at), expiresAt: Number(row.expires_at) },
  };
}
