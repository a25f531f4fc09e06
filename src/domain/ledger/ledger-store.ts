// Transactions, their postings and the balances kept with them.

import { jsonOf, type Reader, rowsFrom, type Tx } from "../../store/index.ts";
import { balanced, type LedgerTransaction, type Posting } from "./transaction.ts";

const TRANSACTION = {
  n: "int",
  tenant: "text",
  id: "text",
  book: "text",
  kind: "text",
  at: "int",
  currency: "text",
  reference: "text",
  request: "text",
  relates_to: "text",
  details: "text",
} as const;
const TRANSACTION_COLUMNS = Object.keys(TRANSACTION).slice(1).join(", ");
const POSTING = {
  tenant: "text",
  transaction_id: "text",
  line: "int",
  account: "text",
  subject: "text",
  amount: "int",
} as const;
const POSTING_COLUMNS = Object.keys(POSTING).join(", ");
const BALANCE = { tenant: "text", currency: "text", account: "text", balance: "int" } as const;
const BALANCE_COLUMNS = Object.keys(BALANCE).join(", ");
const PAIR = { tenant: "text", id: "text" } as const;

/** A thing of a tenant. */
export interface TenantId {
  readonly tenant: string;
  readonly id: string;
}

/**
 * Writes transactions, in their order, and moves the balances of their accounts, in the caller's transaction. Nobody can
 * change or remove them afterwards; the database itself refuses. Whoever posts for a tenant holds a lock of its own on what
 * it posts about.
 *
 * @throws BillingError internal `unbalanced_transaction`; nothing may be committed then.
 */
export async function postToLedger(tx: Tx, transactions: readonly LedgerTransaction[]): Promise<void> {
  if (transactions.length === 0) return;
  const checked = transactions.map(balanced);
  await tx.run(
    `INSERT INTO ledger_transactions (${TRANSACTION_COLUMNS})
     SELECT ${TRANSACTION_COLUMNS} FROM ${rowsFrom(tx.dialect, TRANSACTION)} AS r ORDER BY n`,
    [jsonOf(checked.map(transactionRow))],
  );
  const postings = checked.flatMap(({ tenant, id, postings }) =>
    postings.map(({ account, subject, amount }, line) => [tenant, id, line, account, subject, amount]),
  );
  if (postings.length === 0) return;
  await tx.run(
    `INSERT INTO ledger_postings (${POSTING_COLUMNS}) SELECT ${POSTING_COLUMNS} FROM ${rowsFrom(tx.dialect, POSTING)} AS r`,
    [jsonOf(postings)],
  );
  await moveBalances(tx, checked);
}

/** The transactions with these ids, without an order. */
export function transactionsById(
  tenantIds: readonly TenantId[],
  reader: Reader,
): Promise<LedgerTransaction[]> {
  return transactionsBy("t.id = k.id", tenantIds, reader);
}

/** The transactions of a book that were posted under these references. */
export function transactionsByReference(
  book: string,
  references: readonly TenantId[],
  reader: Reader,
): Promise<LedgerTransaction[]> {
  return transactionsBy("t.book = ? AND t.reference = k.id", references, reader, [book]);
}

/** The transactions that are about these things, in the order of posting. */
export function transactionsAbout(
  subjects: readonly TenantId[],
  reader: Reader,
): Promise<LedgerTransaction[]> {
  return transactionsBy("t.relates_to = k.id AND t.relates_to <> ''", subjects, reader);
}

/** A page of a tenant's transactions of a book, the last posted first, each with its number. */
export async function latestTransactions(
  tenant: string,
  query: { readonly book: string; readonly before: number | undefined; readonly limit: number },
  reader: Reader,
): Promise<{ seq: number; transaction: LedgerTransaction }[]> {
  const { book, before, limit } = query;
  const rows = await reader.all<TransactionRow & { seq: bigint }>(
    `SELECT seq, ${TRANSACTION_COLUMNS} FROM ledger_transactions
     WHERE tenant = ? AND book = ? ${before === undefined ? "" : "AND seq < ?"} ORDER BY seq DESC LIMIT ?`,
    [tenant, book, ...(before === undefined ? [] : [before]), limit],
  );
  const transactions = await withPostings(rows, reader);
  return rows.map(({ seq }, index) => ({
    seq: Number(seq),
    transaction: transactions[index] as LedgerTransaction,
  }));
}

/** The balances of a tenant's accounts in a currency, by account: one that was never posted to is not there. */
export async function balancesOf(
  tenant: string,
  currency: string,
  reader: Reader,
): Promise<ReadonlyMap<string, bigint>> {
  const rows = await reader.all<{ account: string; balance: bigint }>(
    "SELECT account, balance FROM ledger_balances WHERE tenant = ? AND currency = ?",
    [tenant, currency],
  );
  return new Map(rows.map(({ account, balance }) => [account, balance]));
}

async function transactionsBy(
  condition: string,
  pairs: readonly TenantId[],
  reader: Reader,
  values: readonly string[] = [],
): Promise<LedgerTransaction[]> {
  if (pairs.length === 0) return [];
  const columns = TRANSACTION_COLUMNS.split(", ").map((column) => `t.${column}`);
  const rows = await reader.all<TransactionRow>(
    `SELECT ${columns.join(", ")} FROM ${rowsFrom(reader.dialect, PAIR)} AS k
     JOIN ledger_transactions AS t ON t.tenant = k.tenant AND ${condition} ORDER BY t.seq`,
    [jsonOf(pairs.map(({ tenant, id }) => [tenant, id])), ...values],
  );
  return withPostings(rows, reader);
}

async function withPostings(rows: readonly TransactionRow[], reader: Reader): Promise<LedgerTransaction[]> {
  if (rows.length === 0) return [];
  const found = await reader.all<PostingRow>(
    `SELECT p.transaction_id, p.account, p.subject, p.amount FROM ${rowsFrom(reader.dialect, PAIR)} AS k
     JOIN ledger_postings AS p ON p.tenant = k.tenant AND p.transaction_id = k.id ORDER BY p.transaction_id, p.line`,
    [jsonOf(rows.map(({ tenant, id }) => [tenant, id]))],
  );
  const postings = new Map<string, Posting[]>(rows.map(({ id }) => [id, []]));
  for (const { transaction_id: id, account, subject, amount } of found) {
    postings.get(id)?.push({ account, subject, amount });
  }
  return rows.map((row) => transactionOf(row, postings.get(row.id) ?? []));
}

/** Rows are made first and then moved: a negative first amount must not look like a balance below zero. */
async function moveBalances(tx: Tx, transactions: readonly LedgerTransaction[]): Promise<void> {
  const moves = new Map<string, [tenant: string, currency: string, account: string, amount: bigint]>();
  for (const { tenant, currency, postings } of transactions) {
    for (const { account, amount } of postings) {
      const key = JSON.stringify([tenant, currency, account]);
      moves.set(key, [tenant, currency, account, (moves.get(key)?.[3] ?? 0n) + amount]);
    }
  }
  const json = jsonOf([...moves.values()]);
  const source = rowsFrom(tx.dialect, BALANCE);
  await tx.run(
    `INSERT INTO ledger_balances (${BALANCE_COLUMNS})
     SELECT tenant, currency, account, 0 FROM ${source} AS r WHERE true ORDER BY tenant, currency, account
     ON CONFLICT DO NOTHING`,
    [json],
  );
  await tx.run(
    `UPDATE ledger_balances SET balance = ledger_balances.balance + r.balance FROM ${source} AS r
     WHERE ledger_balances.tenant = r.tenant AND ledger_balances.currency = r.currency
       AND ledger_balances.account = r.account`,
    [json],
  );
}

interface TransactionRow {
  readonly tenant: string;
  readonly id: string;
  readonly book: string;
  readonly kind: string;
  readonly at: bigint;
  readonly currency: string;
  readonly reference: string | null;
  readonly request: string;
  readonly relates_to: string;
  readonly details: string;
}

interface PostingRow {
  readonly transaction_id: string;
  readonly account: string;
  readonly subject: string;
  readonly amount: bigint;
}

function transactionRow(transaction: LedgerTransaction, n: number) {
  const { tenant, id, book, kind, at, currency, reference, request, relatesTo, details } = transaction;
  return [n, tenant, id, book, kind, at, currency, reference, request, relatesTo, JSON.stringify(details)];
}

function transactionOf(row: TransactionRow, postings: readonly Posting[]): LedgerTransaction {
  const { tenant, id, book, kind, currency, reference, request } = row;
  const details = JSON.parse(row.details) as LedgerTransaction["details"];
  return {
    ...{ tenant, id, book, kind, at: Number(row.at), currency, reference, request },
    ...{ relatesTo: row.relates_to, details, postings },
  };
}
