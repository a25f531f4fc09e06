// Sums beside what they are the sums of.

import type { Reader } from "../../store/index.ts";
import type { WorthRow } from "./code-store.ts";
import type { RedemptionRow } from "./redemption-store.ts";

const LISTED = 100;
const COUNTS = "state IN ('reserved', 'confirmed')";

export interface WrongCode {
  readonly code: string;
  /** Null: the code is missing. */
  readonly uses: bigint | null;
  readonly discounted: bigint | null;
  readonly counted: bigint;
  readonly summed: bigint;
}

/** Codes whose numbers are not those of their redemptions, and redemptions without a code. */
export async function wrongCodesAcrossTenants(reader: Reader): Promise<WrongCode[]> {
  return reader.all(
    `SELECT r.code, c.uses, c.discounted, r.counted, r.summed FROM (
       SELECT code, CAST(sum(counts) AS BIGINT) AS counted, CAST(sum(discount) AS BIGINT) AS summed FROM (
         SELECT code, 0 AS counts, 0 AS discount FROM discount_codes
         UNION ALL
         SELECT code, CASE WHEN ${COUNTS} THEN 1 ELSE 0 END, CASE WHEN ${COUNTS} THEN discount ELSE 0 END
         FROM discount_redemptions
       ) AS both_sides GROUP BY code
     ) AS r LEFT JOIN discount_codes AS c ON c.code = r.code
     WHERE c.code IS NULL OR c.uses <> r.counted OR c.discounted <> r.summed
     ORDER BY r.code LIMIT ${LISTED}`,
  );
}

export interface WrongUses {
  readonly tenant: string;
  readonly code: string;
  readonly uses: bigint;
  readonly counted: bigint;
}

/** Uses per organization that are not the number of its redemptions; a missing row is 0. */
export async function wrongUsesAcrossTenants(reader: Reader): Promise<WrongUses[]> {
  return reader.all(
    `SELECT tenant, code, CAST(sum(uses) AS BIGINT) AS uses, CAST(sum(counted) AS BIGINT) AS counted FROM (
       SELECT tenant, code, uses, 0 AS counted FROM discount_code_uses
       UNION ALL
       SELECT tenant, code, 0, 1 FROM discount_redemptions WHERE ${COUNTS}
     ) AS both_sides
     GROUP BY tenant, code HAVING sum(uses) <> sum(counted) ORDER BY tenant, code LIMIT ${LISTED}`,
  );
}

export interface OverdrawnPurchase {
  readonly tenant: string;
  readonly reference: string;
  readonly purchase: bigint;
  readonly discounted: bigint;
}

/**
 * Purchases with more taken off than they are, or with codes that were told different amounts. Of what is confirmed: a
 * reservation that is over may still be there beside what was redeemed since.
 */
export async function overdrawnPurchasesAcrossTenants(reader: Reader): Promise<OverdrawnPurchase[]> {
  return reader.all(
    `SELECT tenant, reference, min(purchase) AS purchase, CAST(sum(discount) AS BIGINT) AS discounted
     FROM discount_redemptions WHERE state = 'confirmed' GROUP BY tenant, reference
     HAVING sum(discount) > min(purchase) OR min(purchase) <> max(purchase)
     ORDER BY tenant, reference LIMIT ${LISTED}`,
  );
}

/** A redemption with what its code takes off. */
export type RedemptionOrigin = RedemptionRow & {
  readonly type: WorthRow["type"];
  readonly code_percent: string | null;
  readonly code_amount: bigint | null;
};

/** A page of all redemptions. */
export async function redemptionOriginsAcrossTenants(
  after: RedemptionRow | undefined,
  limit: number,
  reader: Reader,
): Promise<RedemptionOrigin[]> {
  return reader.all(
    `SELECT r.tenant, r.reference, r.code, r.id, r.user_id, r.purchase, r.base, r.percent, r.discount, r.state,
       r.created_at, r.expires_at, c.type, c.percent AS code_percent, c.amount AS code_amount
     FROM discount_redemptions AS r JOIN discount_codes AS c ON c.code = r.code
     ${after === undefined ? "" : "WHERE (r.tenant, r.reference, r.code) > (?, ?, ?)"}
     ORDER BY r.tenant, r.reference, r.code LIMIT ?`,
    [...(after === undefined ? [] : [after.tenant, after.reference, after.code]), limit],
  );
}

export interface WrongVolume {
  readonly tenant: string;
  /** Null: the row is missing. */
  readonly spent: bigint | null;
  readonly summed: bigint;
}

/** Sums that are not those of their entries. */
export async function wrongVolumesAcrossTenants(reader: Reader): Promise<WrongVolume[]> {
  return reader.all(
    `SELECT tenant, max(spent) AS spent, CAST(sum(change) AS BIGINT) AS summed FROM (
       SELECT tenant, spent, 0 AS change FROM discount_volumes
       UNION ALL
       SELECT tenant, NULL, CASE WHEN kind = 'purchase' THEN amount ELSE -amount END
       FROM discount_volume_entries
     ) AS both_sides
     GROUP BY tenant HAVING max(spent) IS NULL OR max(spent) <> sum(change) ORDER BY tenant LIMIT ${LISTED}`,
  );
}

export interface WrongEntry {
  readonly tenant: string;
  readonly kind: string;
  readonly reference: string;
  readonly spent_after: bigint;
  readonly summed: bigint;
}

/** Entries that do not follow from those before them. */
export async function wrongVolumeEntriesAcrossTenants(reader: Reader): Promise<WrongEntry[]> {
  return reader.all(
    `SELECT tenant, kind, reference, spent_after, CAST(summed AS BIGINT) AS summed FROM (
       SELECT seq, tenant, kind, reference, spent_after,
         sum(CASE WHEN kind = 'purchase' THEN amount ELSE -amount END) OVER (PARTITION BY tenant ORDER BY seq) AS summed
       FROM discount_volume_entries
     ) AS running
     WHERE spent_after <> summed OR kind NOT IN ('purchase', 'refund') ORDER BY seq LIMIT ${LISTED}`,
  );
}
