// What must agree about invoices, found by the database.

import type { Reader } from "../../store/index.ts";
import { IS_SOMETHING, USAGE_SUM_COLUMNS } from "./usage-store.ts";

const KEY = "tenant, day, provider, model, type, price, charge_price";
const SUMMED = USAGE_SUM_COLUMNS.map((column) => `sum(${column}) AS ${column}`).join(", ");
const NEGATED = USAGE_SUM_COLUMNS.map((column) => `-${column}`).join(", ");

/** Usage that is not billed once: rated usage less unbilled usage less that on invoices that are not void is 0. */
export function misbilledUsageAcrossTenants(
  limit: number,
  reader: Reader,
): Promise<Record<string, string | bigint>[]> {
  const columns = USAGE_SUM_COLUMNS.join(", ");
  return reader.all(
    `SELECT ${KEY}, ${SUMMED} FROM (
       SELECT ${KEY}, ${columns} FROM usage_by_day
       UNION ALL SELECT ${KEY}, ${NEGATED} FROM unbilled_usage
       UNION ALL SELECT u.tenant, u.day, u.provider, u.model, u.type, u.price, u.charge_price, ${USAGE_SUM_COLUMNS.map((column) => `-u.${column}`).join(", ")}
         FROM invoice_usage u JOIN invoices i ON i.tenant = u.tenant AND i.id = u.invoice AND i.status <> 'void'
     ) AS all_usage GROUP BY ${KEY}
     HAVING ${IS_SOMETHING}
     ORDER BY ${KEY} LIMIT ?`,
    [limit],
  );
}

export interface IssuedRow {
  readonly tenant: string;
  readonly id: string;
  readonly status: string;
  readonly total: bigint;
  readonly credited: bigint;
  readonly paid: bigint;
  readonly noted: bigint;
  readonly content: string | null;
  readonly digest: string | null;
  readonly receivable: bigint;
}

/** Issued invoices after one, with their document and what the ledger says is owed on them. */
export function issuedAfterAcrossTenants(
  after: readonly [string, string],
  limit: number,
  reader: Reader,
): Promise<IssuedRow[]> {
  return reader.all<IssuedRow>(
    `SELECT i.tenant, i.id, i.status, i.total, i.credited, i.paid, i.noted, d.content, d.digest,
       CAST(COALESCE((SELECT sum(p.amount) FROM ledger_transactions t JOIN ledger_postings p
         ON p.tenant = t.tenant AND p.transaction_id = t.id
         WHERE t.tenant = i.tenant AND t.book = 'invoices' AND t.relates_to = i.id AND p.account = 'receivable'), 0) AS BIGINT) AS receivable
     FROM invoices i LEFT JOIN invoice_documents d ON d.tenant = i.tenant AND d.id = i.id
     WHERE i.status <> 'draft' AND (i.tenant > ? OR (i.tenant = ? AND i.id > ?)) ORDER BY i.tenant, i.id LIMIT ?`,
    [after[0], after[0], after[1], limit],
  );
}

/** Per series: the last number given, and how many documents there are. */
export function seriesAcrossTenants(
  reader: Reader,
): Promise<{ series: string; last: bigint; documents: bigint }[]> {
  return reader.all(
    `SELECT s.series, s.last, (SELECT count(*) FROM invoice_documents d WHERE d.number LIKE s.series || '-%') AS documents
     FROM invoice_series s ORDER BY s.series`,
  );
}
