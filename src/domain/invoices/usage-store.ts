// Unbilled usage, and what invoices took of it.

import { DAY_MS, joinMoney } from "../../kernel/index.ts";
import { jsonOf, type Reader, rowsFrom, type Tx, type Value } from "../../store/index.ts";
import type { BilledRow, UsageRow } from "./usage.ts";

const USAGE_LOCK = 0x696e7675;

const KEY = ["tenant", "day", "provider", "model", "type", "price", "charge_price", "source"] as const;
const SUMS = [
  "events",
  "quantity",
  "input_tokens",
  "cache_read_tokens",
  "cache_write_tokens",
  "cache_write_1h_tokens",
  "output_tokens",
  "reasoning_tokens",
  "web_searches",
  "charge_hi",
  "charge_lo",
] as const;
const ROW = [...KEY, "after_seq", "upto_seq", ...SUMS];
const COLUMNS = ROW.join(", ");
const MARKS = ROW.map(() => "?").join(", ");
const ADDED = SUMS.map((column) => `${column} = unbilled_usage.${column} + excluded.${column}`).join(", ");

export const ADD_UNBILLED = `INSERT INTO unbilled_usage (${COLUMNS}) VALUES (${MARKS})
  ON CONFLICT (${KEY.join(", ")}) DO UPDATE SET ${ADDED}`;

/** The sums of usage rows, as SQL; shared with `verify`. */
export const USAGE_SUM_COLUMNS: readonly string[] = SUMS;

/** That summed rows of usage do not cancel out, as SQL. The halves of a charge may only do so together. */
export const IS_SOMETHING = [
  ...SUMS.filter((column) => !column.startsWith("charge_")).map((column) => `sum(${column}) <> 0`),
  "sum(charge_hi) * 1000000 + sum(charge_lo) <> 0",
].join(" OR ");

/** A usage row of some tenant. */
export interface TenantUsage extends UsageRow {
  readonly tenant: string;
}

/** Adds to what tenants have not been billed for. One row per key. */
export async function addUnbilledAcrossTenants(rows: readonly TenantUsage[], tx: Tx): Promise<void> {
  await tx.many(ADD_UNBILLED, unbilledValues(rows));
}

/** What {@link ADD_UNBILLED} binds for each row, sorted by key: two batches take their locks in one order. */
export function unbilledValues(rows: readonly TenantUsage[]): Value[][] {
  return rows.map((row) => valuesOf(row.tenant, row)).sort(byKey);
}

/**
 * Holds tenants' usage for the rest of the transaction: shared by commits of events, exclusive for who bills. Taken before
 * events get their numbers, so whoever holds it exclusively sees every event below the last number, and later events get
 * higher ones. SQLite has one writer, which is the same.
 */
export async function lockUsageAcrossTenants(
  tenants: readonly string[],
  mode: "shared" | "exclusive",
  tx: Tx,
): Promise<void> {
  if (tx.dialect !== "postgres") return;
  const lock = mode === "shared" ? "pg_advisory_xact_lock_shared" : "pg_advisory_xact_lock";
  await tx.all(
    `SELECT CAST(${lock}(${USAGE_LOCK}, hashtext(t)) AS TEXT) FROM (SELECT DISTINCT jsonb_array_elements_text(?::jsonb) AS t) AS x`,
    [JSON.stringify(tenants)],
  );
}

/** What a tenant has not been billed for of days before one. */
export async function unbilledBefore(tenant: string, day: number, reader: Reader): Promise<UsageRow[]> {
  const rows = await reader.all<Row>(
    `SELECT ${COLUMNS} FROM unbilled_usage WHERE tenant = ? AND day < ?
     ORDER BY day, provider, model, type, price, charge_price, source`,
    [tenant, day],
  );
  return rows.map(rowOf);
}

/** Of some days, those of which an invoice that is not void has billed usage, and whether it billed their tokens. */
export async function billedDays(
  tenant: string,
  days: readonly number[],
  reader: Reader,
): Promise<Map<number, boolean>> {
  // An invoice takes what is of days before its period's end.
  const from = Math.min(...days) * DAY_MS;
  const rows = await reader.all<{ day: bigint; metered: bigint }>(
    `SELECT u.day, max(u.metered) AS metered FROM invoices i
     JOIN invoice_usage u ON u.tenant = i.tenant AND u.invoice = i.id
     WHERE i.tenant = ? AND i.period_end > ? AND i.status <> 'draft' AND i.status <> 'void'
       AND u.day IN (SELECT day FROM ${rowsFrom(reader.dialect, { day: "int" })} AS d)
       AND (${SUMS.map((column) => `u.${column} <> 0`).join(" OR ")})
     GROUP BY u.day`,
    [tenant, from, jsonOf(days.map((day) => [day]))],
  );
  return new Map(rows.map(({ day, metered }) => [Number(day), metered === 1n]));
}

/** Takes out what {@link unbilledBefore} showed; the caller holds the usage. */
export async function removeUnbilledBefore(tenant: string, day: number, tx: Tx): Promise<void> {
  await tx.run("DELETE FROM unbilled_usage WHERE tenant = ? AND day < ?", [tenant, day]);
}

/** Puts usage on an invoice, for ever. */
export async function insertBilled(
  tenant: string,
  invoice: string,
  rows: readonly BilledRow[],
  tx: Tx,
): Promise<void> {
  await tx.many(
    `INSERT INTO invoice_usage (${COLUMNS}, invoice, metered) VALUES (${MARKS}, ?, ?)`,
    rows.map((row) => [...valuesOf(tenant, row), invoice, row.metered ? 1 : 0]),
  );
}

/** What an invoice took. */
export async function billedOn(tenant: string, invoice: string, reader: Reader): Promise<BilledRow[]> {
  const rows = await reader.all<Row & { metered: bigint }>(
    `SELECT ${COLUMNS}, metered FROM invoice_usage WHERE tenant = ? AND invoice = ?
     ORDER BY day, provider, model, type, price, charge_price, source`,
    [tenant, invoice],
  );
  return rows.map((row) => ({ ...rowOf(row), metered: row.metered === 1n }));
}

/** The last number given to an event: with a tenant's usage held, the tenant's later events get higher ones. */
export async function lastEventAcrossTenants(reader: Reader): Promise<bigint> {
  const row = await reader.get<{ seq: bigint | null }>(
    reader.dialect === "postgres"
      ? "SELECT CASE WHEN is_called THEN last_value ELSE 0 END AS seq FROM usage_events_seq_seq"
      : "SELECT max(seq) AS seq FROM usage_events",
  );
  return row?.seq ?? 0n;
}

function valuesOf(tenant: string, row: UsageRow): Value[] {
  return [
    tenant,
    row.day,
    row.provider,
    row.model,
    row.type,
    row.price,
    row.chargePrice,
    row.source,
    row.afterSeq,
    row.uptoSeq,
    row.events,
    row.quantity,
    row.inputTokens,
    row.cacheReadTokens,
    row.cacheWriteTokens,
    row.cacheWrite1hTokens,
    row.outputTokens,
    row.reasoningTokens,
    row.webSearches,
    row.charge / 1_000_000n,
    row.charge % 1_000_000n,
  ];
}

function byKey(a: readonly Value[], b: readonly Value[]): number {
  for (let index = 0; index < KEY.length; index += 1) {
    const [left, right] = [a[index] as string | number, b[index] as string | number];
    if (left !== right) return left < right ? -1 : 1;
  }
  return 0;
}

type Row = Readonly<Record<(typeof SUMS)[number] | "day" | "after_seq" | "upto_seq", bigint>> &
  Readonly<Record<"provider" | "model" | "type" | "price" | "charge_price" | "source", string>>;

function rowOf(row: Row): UsageRow {
  // Written out: this runs for every row of a month end, and spreading costs microseconds.
  return {
    day: Number(row.day),
    provider: row.provider,
    model: row.model,
    type: row.type,
    price: row.price,
    chargePrice: row.charge_price,
    source: row.source,
    afterSeq: row.after_seq,
    uptoSeq: row.upto_seq,
    events: row.events,
    quantity: row.quantity,
    inputTokens: row.input_tokens,
    cacheReadTokens: row.cache_read_tokens,
    cacheWriteTokens: row.cache_write_tokens,
    cacheWrite1hTokens: row.cache_write_1h_tokens,
    outputTokens: row.output_tokens,
    reasoningTokens: row.reasoning_tokens,
    webSearches: row.web_searches,
    charge: joinMoney(row.charge_hi, row.charge_lo),
  };
}
