// What of the ledger does not agree with itself.

import type { Reader } from "../../store/index.ts";

const LISTED = 100;

/** Transactions whose postings do not sum to zero; postings without a transaction sum to nothing that is on record. */
export async function unbalancedAcrossTenants(
  reader: Reader,
): Promise<{ tenant: string; id: string; sum: bigint; stray: bigint }[]> {
  return reader.all(
    `SELECT p.tenant, p.transaction_id AS id, sum(p.amount) AS sum, CASE WHEN max(t.id) IS NULL THEN 1 ELSE 0 END AS stray
     FROM ledger_postings AS p LEFT JOIN ledger_transactions AS t ON t.tenant = p.tenant AND t.id = p.transaction_id
     GROUP BY p.tenant, p.transaction_id HAVING sum(p.amount) <> 0 OR max(t.id) IS NULL
     ORDER BY p.tenant, p.transaction_id LIMIT ${LISTED}`,
  );
}

/** Balances that are not the sum of their postings. */
export async function wrongBalancesAcrossTenants(
  reader: Reader,
): Promise<{ tenant: string; currency: string; account: string; stored: bigint; posted: bigint }[]> {
  return reader.all(
    `SELECT tenant, currency, account, sum(stored) AS stored, sum(posted) AS posted FROM (
       SELECT tenant, currency, account, balance AS stored, 0 AS posted FROM ledger_balances
       UNION ALL
       SELECT p.tenant, t.currency, p.account, 0, p.amount FROM ledger_postings AS p
       JOIN ledger_transactions AS t ON t.tenant = p.tenant AND t.id = p.transaction_id
     ) AS both_sides
     GROUP BY tenant, currency, account HAVING sum(stored) <> sum(posted)
     ORDER BY tenant, currency, account LIMIT ${LISTED}`,
  );
}
