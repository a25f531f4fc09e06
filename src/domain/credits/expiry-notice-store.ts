// Which lots that will end their tenants were told of.

import type { Reader, Tx } from "../../store/index.ts";

/** An instant at which lots of a tenant end. */
export interface LotsEnd {
  readonly tenant: string;
  /** Epoch ms. */
  readonly expiresAt: number;
}

/** So many, behind the last one of the page before. */
export interface Page {
  readonly after?: LotsEnd | undefined;
  readonly limit: number;
}

/** As the index has it: a look does not pass the lots that were told of. */
const UNTOLD = "remaining > 0 AND expiry_told_at IS NULL";

/** Ends after `now` and by `until` of lots with something left that their tenants were not told of, the soonest first. */
export async function untoldEndsAcrossTenants(
  { now, until }: { readonly now: number; readonly until: number },
  { after, limit }: Page,
  reader: Reader,
): Promise<LotsEnd[]> {
  const rows = await reader.all<{ expires_at: bigint; tenant: string }>(
    `SELECT expires_at, tenant FROM credit_lots WHERE ${UNTOLD} AND expires_at > ? AND expires_at <= ?
       ${after === undefined ? "" : "AND (expires_at, tenant) > (?, ?)"}
     GROUP BY expires_at, tenant ORDER BY expires_at, tenant LIMIT ?`,
    [now, until, ...(after === undefined ? [] : [after.expiresAt, after.tenant]), limit],
  );
  return rows.map(({ tenant, expires_at }) => ({ tenant, expiresAt: Number(expires_at) }));
}

/** Notes that the lots of an end are told of; returns those that were not, with what is left of each. */
export function markTold(
  { tenant, expiresAt }: LotsEnd,
  now: number,
  tx: Tx,
): Promise<{ readonly id: string; readonly remaining: bigint }[]> {
  return tx.all(
    `UPDATE credit_lots SET expiry_told_at = ? WHERE tenant = ? AND expires_at = ? AND ${UNTOLD}
     RETURNING id, remaining`,
    [now, tenant, expiresAt],
  );
}
