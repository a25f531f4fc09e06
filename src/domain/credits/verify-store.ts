// Lots beside what their postings say.

import type { Reader } from "../../store/index.ts";
import { ACCOUNT, BOOK } from "./credit.ts";

const LISTED = 100;

export interface LotSums {
  readonly tenant: string;
  readonly id: string;
  /** Null: the lot is missing. */
  readonly remaining: bigint | null;
  readonly granted: bigint | null;
  /** What is left and what was put in at first, by the postings; null: there are none. */
  readonly rest: bigint | null;
  readonly put: bigint | null;
}

/** Lots whose numbers are not those of their postings, lots without postings and postings without a lot. */
export async function wrongLotsAcrossTenants(reader: Reader): Promise<LotSums[]> {
  return reader.all(
    `SELECT tenant, id, max(remaining) AS remaining, max(granted) AS granted, sum(posted) AS rest, max(put) AS put FROM (
       SELECT tenant, id, remaining, granted, NULL AS posted, NULL AS put FROM credit_lots
       UNION ALL
       SELECT tenant, subject, NULL, NULL, amount, CASE WHEN transaction_id = subject THEN amount END
       FROM ledger_postings WHERE account = ?
     ) AS both_sides
     GROUP BY tenant, id
     HAVING max(remaining) IS NULL OR max(put) IS NULL OR max(remaining) <> sum(posted) OR max(granted) <> max(put)
     ORDER BY tenant, id LIMIT ${LISTED}`,
    [ACCOUNT.credits],
  );
}

export interface LotOrigin {
  readonly tenant: string;
  readonly id: string;
  readonly type: string;
  readonly expires_at: bigint;
  readonly voided_at: bigint | null;
  /** JSON of the transaction that made it. */
  readonly details: string;
  /** When a transaction voided it first. */
  readonly voided: bigint | null;
}

/** A page of all lots with what their transactions say of them. */
export async function lotOriginsAcrossTenants(
  after: { readonly tenant: string; readonly id: string } | undefined,
  limit: number,
  reader: Reader,
): Promise<LotOrigin[]> {
  return reader.all(
    `SELECT l.tenant, l.id, l.type, l.expires_at, l.voided_at, t.details,
       (SELECT min(v.at) FROM ledger_transactions AS v
        WHERE v.tenant = l.tenant AND v.relates_to = l.id AND v.relates_to <> '' AND v.kind = 'void') AS voided
     FROM credit_lots AS l JOIN ledger_transactions AS t ON t.tenant = l.tenant AND t.id = l.id AND t.book = ?
     ${after === undefined ? "" : "WHERE (l.tenant, l.id) > (?, ?)"} ORDER BY l.tenant, l.id LIMIT ?`,
    [BOOK, ...(after === undefined ? [] : [after.tenant, after.id]), limit],
  );
}
