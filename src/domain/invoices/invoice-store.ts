// Invoices, what was issued of them, and the numbers of their series.

import { dayOf, digest } from "../../kernel/index.ts";
import type { Reader, Tx } from "../../store/index.ts";
import type { InvoiceContent, InvoiceStatus, InvoiceTerms, StoredInvoice } from "./invoice.ts";
import { IS_SOMETHING } from "./usage-store.ts";

const COLUMNS = `tenant, id, period_start, period_end, terms, status, total, credited, paid, noted, usage_upto,
  created_at, finalized_at, due_at, settled_at`;

interface Row {
  readonly tenant: string;
  readonly id: string;
  readonly period_start: bigint;
  readonly period_end: bigint;
  readonly terms: string;
  readonly status: InvoiceStatus;
  readonly total: bigint;
  readonly credited: bigint;
  readonly paid: bigint;
  readonly noted: bigint;
  readonly usage_upto: bigint;
  readonly created_at: bigint;
  readonly finalized_at: bigint | null;
  readonly due_at: bigint | null;
  readonly settled_at: bigint | null;
}

export async function invoiceOf(
  tenant: string,
  id: string,
  reader: Reader,
): Promise<StoredInvoice | undefined> {
  const sql = `SELECT ${COLUMNS} FROM invoices WHERE tenant = ? AND id = ?`;
  const row = await reader.get<Row>(sql, [tenant, id]);
  return row === undefined ? undefined : storedOf(row);
}

/** The same, and nobody else changes it for the rest of the transaction. */
export async function lockInvoice(tenant: string, id: string, tx: Tx): Promise<StoredInvoice | undefined> {
  const lock = tx.dialect === "postgres" ? "FOR UPDATE" : "";
  const sql = `SELECT ${COLUMNS} FROM invoices WHERE tenant = ? AND id = ? ${lock}`;
  const row = await tx.get<Row>(sql, [tenant, id]);
  return row === undefined ? undefined : storedOf(row);
}

/** The invoice of a period that is not void. */
export async function invoiceOfPeriod(
  tenant: string,
  periodStart: number,
  reader: Reader,
): Promise<StoredInvoice | undefined> {
  const row = await reader.get<Row>(
    `SELECT ${COLUMNS} FROM invoices WHERE tenant = ? AND period_start = ? AND status <> 'void'`,
    [tenant, periodStart],
  );
  return row === undefined ? undefined : storedOf(row);
}

/** Whether an invoice of a period was taken back. */
export async function hasVoid(tenant: string, periodStart: number, reader: Reader): Promise<boolean> {
  const sql = "SELECT 1 AS n FROM invoices WHERE tenant = ? AND period_start = ? AND status = 'void' LIMIT 1";
  return (await reader.get(sql, [tenant, periodStart])) !== undefined;
}

/** An earlier period's draft: what it will take must not go to a later invoice first. */
export async function earlierDraft(
  tenant: string,
  periodStart: number,
  reader: Reader,
): Promise<string | undefined> {
  const row = await reader.get<{ id: string }>(
    "SELECT id FROM invoices WHERE tenant = ? AND period_start < ? AND status = 'draft' ORDER BY period_start LIMIT 1",
    [tenant, periodStart],
  );
  return row?.id;
}

/** Adds a draft. False: the period has an invoice already. */
export async function insertDraft(
  { tenant, id, periodStart, periodEnd, terms, createdAt }: StoredInvoice,
  tx: Tx,
): Promise<boolean> {
  const added = await tx.run(
    `INSERT INTO invoices (${COLUMNS}) VALUES (?, ?, ?, ?, ?, 'draft', 0, 0, 0, 0, 0, ?, NULL, NULL, NULL)
     ON CONFLICT DO NOTHING`,
    [tenant, id, periodStart, periodEnd, JSON.stringify(terms), createdAt],
  );
  return added === 1;
}

export async function updateTerms(tenant: string, id: string, terms: InvoiceTerms, tx: Tx): Promise<void> {
  await tx.run("UPDATE invoices SET terms = ? WHERE tenant = ? AND id = ? AND status = 'draft'", [
    ...[JSON.stringify(terms), tenant, id],
  ]);
}

export async function deleteDraft(tenant: string, id: string, tx: Tx): Promise<boolean> {
  const gone = await tx.run("DELETE FROM invoices WHERE tenant = ? AND id = ? AND status = 'draft'", [
    tenant,
    id,
  ]);
  return gone === 1;
}

/** From a draft to an issued invoice, in one conditional step. False: it is no draft any more. */
export async function markFinalized(invoice: StoredInvoice, tx: Tx): Promise<boolean> {
  const { tenant, id, status, total, credited, usageUpto, finalizedAt, dueAt, settledAt } = invoice;
  const changed = await tx.run(
    `UPDATE invoices SET status = ?, total = ?, credited = ?, usage_upto = ?, finalized_at = ?, due_at = ?, settled_at = ?
     WHERE tenant = ? AND id = ? AND status = 'draft'`,
    [status, total, credited, usageUpto, finalizedAt, dueAt, settledAt, tenant, id],
  );
  return changed === 1;
}

/** How an issued invoice is settled: its status, and what was paid and taken off. */
export async function updateSettlement(
  { tenant, id, status, paid, noted, settledAt }: StoredInvoice,
  tx: Tx,
): Promise<void> {
  await tx.run(
    "UPDATE invoices SET status = ?, paid = ?, noted = ?, settled_at = ? WHERE tenant = ? AND id = ? AND status <> 'draft'",
    [status, paid, noted, settledAt, tenant, id],
  );
}

/** A tenant's invoices, the newest first, before one. */
export async function pageOfInvoices(
  tenant: string,
  query: { before: readonly [number, string] | undefined; status: InvoiceStatus | undefined; limit: number },
  reader: Reader,
): Promise<StoredInvoice[]> {
  const { before, status, limit } = query;
  const rows = await reader.all<Row>(
    `SELECT ${COLUMNS} FROM invoices WHERE tenant = ?
       ${before === undefined ? "" : "AND (created_at < ? OR (created_at = ? AND id < ?))"}
       ${status === undefined ? "" : "AND status = ?"}
     ORDER BY created_at DESC, id DESC LIMIT ?`,
    [
      tenant,
      ...(before === undefined ? [] : [before[0], before[0], before[1]]),
      ...(status === undefined ? [] : [status]),
      limit,
    ],
  );
  return rows.map(storedOf);
}

/** The next number of a series, taken with the transaction or not at all. Everybody else waits until it ends. */
export async function takeNumberAcrossTenants(series: "INV" | "CN", tx: Tx): Promise<string> {
  const row = await tx.get<{ last: bigint }>(
    "UPDATE invoice_series SET last = last + 1 WHERE series = ? RETURNING last",
    [series],
  );
  if (row === undefined) throw new Error(`there is no series ${series}`);
  return `${series}-${String(row.last).padStart(6, "0")}`;
}

/** What was issued: of an invoice under its id, of a credit note under its own. */
export interface IssuedDocument<Content = InvoiceContent> {
  readonly tenant: string;
  readonly id: string;
  readonly kind: "invoice" | "credit_note";
  readonly number: string;
  /** The invoice it is, or corrects. */
  readonly invoice: string;
  readonly content: Content;
  readonly issuedAt: number;
}

/** Writes what nobody can change afterwards; the database itself refuses. */
export async function insertDocument(document: IssuedDocument<unknown>, tx: Tx): Promise<void> {
  const { tenant, id, kind, number, invoice, content, issuedAt } = document;
  const text = JSON.stringify(content);
  await tx.run(
    `INSERT INTO invoice_documents (tenant, id, kind, number, invoice, content, digest, issued_at)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?)`,
    [tenant, id, kind, number, invoice, text, digest(text), issuedAt],
  );
}

interface DocumentRow {
  readonly tenant: string;
  readonly id: string;
  readonly kind: "invoice" | "credit_note";
  readonly number: string;
  readonly invoice: string;
  readonly content: string;
  readonly digest: string;
  readonly issued_at: bigint;
}

export async function documentOf<Content>(
  tenant: string,
  id: string,
  reader: Reader,
): Promise<IssuedDocument<Content> | undefined> {
  const row = await reader.get<DocumentRow>("SELECT * FROM invoice_documents WHERE tenant = ? AND id = ?", [
    tenant,
    id,
  ]);
  return row === undefined ? undefined : issuedOf<Content>(row);
}

/** Documents of a tenant's invoices that stand (neither void nor given up) and may have billed usage from an instant on. */
export async function standingDocuments<Content>(
  tenant: string,
  from: number,
  reader: Reader,
): Promise<IssuedDocument<Content>[]> {
  const rows = await reader.all<DocumentRow>(
    `SELECT d.* FROM invoices i JOIN invoice_documents d ON d.tenant = i.tenant AND d.id = i.id
     WHERE i.tenant = ? AND i.period_end > ? AND i.status IN ('finalized', 'paid') ORDER BY d.number`,
    [tenant, from],
  );
  return rows.map((row) => issuedOf<Content>(row));
}

/** The credit notes of an invoice, in the order of their numbers. */
export async function notesOf<Content>(
  tenant: string,
  invoice: string,
  reader: Reader,
): Promise<IssuedDocument<Content>[]> {
  const rows = await reader.all<DocumentRow>(
    "SELECT * FROM invoice_documents WHERE tenant = ? AND invoice = ? AND kind = 'credit_note' ORDER BY number",
    [tenant, invoice],
  );
  return rows.map((row) => issuedOf<Content>(row));
}

export async function numbersOf(
  tenant: string,
  ids: readonly string[],
  reader: Reader,
): Promise<ReadonlyMap<string, string>> {
  const numbers = new Map<string, string>();
  for (const id of ids) {
    const row = await reader.get<{ number: string }>(
      "SELECT number FROM invoice_documents WHERE tenant = ? AND id = ?",
      [tenant, id],
    );
    if (row !== undefined) numbers.set(id, row.number);
  }
  return numbers;
}

/** Takes subscription lines for an invoice. False: another one has one of them. */
export async function takeSubscriptionLines(
  tenant: string,
  invoice: string,
  lines: readonly string[],
  tx: Tx,
): Promise<boolean> {
  if (lines.length === 0) return true;
  const taken = await tx.many(
    "INSERT INTO invoice_subscription_lines (tenant, line, invoice) VALUES (?, ?, ?) ON CONFLICT DO NOTHING",
    [...lines].sort().map((line) => [tenant, line, invoice]),
  );
  return taken === lines.length;
}

export async function freeSubscriptionLines(tenant: string, invoice: string, tx: Tx): Promise<void> {
  await tx.run("DELETE FROM invoice_subscription_lines WHERE tenant = ? AND invoice = ?", [tenant, invoice]);
}

/** The subscription lines that are on some invoice. */
export async function takenSubscriptionLines(tenant: string, reader: Reader): Promise<ReadonlySet<string>> {
  const rows = await reader.all<{ line: string }>(
    "SELECT line FROM invoice_subscription_lines WHERE tenant = ?",
    [tenant],
  );
  return new Set(rows.map(({ line }) => line));
}

/**
 * Tenants, by name after one, to be invoiced for the month that ends at an instant: with unbilled usage, a line of a
 * subscription that is on no invoice, or a draft of that month.
 */
export async function owingAcrossTenants(
  end: number,
  { after, limit }: { readonly after: string; readonly limit: number },
  reader: Reader,
): Promise<string[]> {
  const rows = await reader.all<{ tenant: string }>(
    `SELECT tenant FROM unbilled_usage WHERE tenant > ? AND day < ?
       GROUP BY tenant, day, provider, model, type, price, charge_price
       HAVING ${IS_SOMETHING}
     UNION
     SELECT l.tenant FROM subscription_lines l WHERE l.tenant > ? AND l.at < ? AND NOT EXISTS (
       SELECT 1 FROM invoice_subscription_lines t WHERE t.tenant = l.tenant AND t.line = l.id)
     UNION
     SELECT tenant FROM invoices WHERE tenant > ? AND period_end = ? AND status = 'draft'
     ORDER BY tenant LIMIT ?`,
    [after, dayOf(end), after, end, after, end, limit],
  );
  return rows.map(({ tenant }) => tenant);
}

function issuedOf<Content>(row: DocumentRow): IssuedDocument<Content> {
  const { tenant, id, kind, number, invoice, content, issued_at } = row;
  return {
    tenant,
    id,
    kind,
    number,
    invoice,
    content: JSON.parse(content) as Content,
    issuedAt: Number(issued_at),
  };
}

function storedOf(row: Row): StoredInvoice {
  const optional = (value: bigint | null) => (value === null ? null : Number(value));
  return {
    ...{ tenant: row.tenant, id: row.id, status: row.status, terms: JSON.parse(row.terms) as InvoiceTerms },
    ...{ periodStart: Number(row.period_start), periodEnd: Number(row.period_end) },
    ...{ total: row.total, credited: row.credited, paid: row.paid, noted: row.noted },
    ...{
      usageUpto: row.usage_upto,
      createdAt: Number(row.created_at),
      finalizedAt: optional(row.finalized_at),
    },
    ...{ dueAt: optional(row.due_at), settledAt: optional(row.settled_at) },
  };
}
