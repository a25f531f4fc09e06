// The events behind a line of an issued invoice.

import { jsonOf, type Reader, rowsFrom } from "../../store/index.ts";

/** The number of the last event that an issued invoice of this month, or of a later one, took of the month; 0 for none. */
export async function lastUptoOfMonth(tenant: string, monthStart: number, reader: Reader): Promise<bigint> {
  const row = await reader.get<{ upto: bigint | null }>(
    "SELECT max(usage_upto) AS upto FROM invoices WHERE tenant = ? AND status <> 'draft' AND period_start >= ?",
    [tenant, monthStart],
  );
  return row?.upto ?? 0n;
}

/** Which events a line is made of. */
export interface LineEvents {
  readonly invoice: string;
  /** Days since 1970, half-open. */
  readonly firstDay: number;
  readonly endDay: number;
  /** Providers and their models: these, or all but these. */
  readonly models: readonly (readonly [provider: string, model: string])[];
  readonly isExcept: boolean;
  readonly type: string;
  /** The price behind them. */
  readonly price: string;
  readonly metered: boolean;
}

/** An event behind a line. */
export interface LineEvent {
  readonly seq: bigint;
  readonly id: string;
  readonly ts: number;
  readonly sign: number;
  readonly inputTokens: number;
  readonly outputTokens: number;
  readonly quantity: number;
  readonly charge: bigint;
}

// A row of invoice_usage is a range of event numbers of one day and key, so its events are exactly those it was summed from.
// In this order each event of the days is looked at once, however many rows the line has; SQLite keeps to the order of CROSS JOIN.
function behind(dialect: Reader["dialect"], { isExcept }: LineEvents): string {
  return `FROM (SELECT DISTINCT day FROM invoice_usage WHERE tenant = ? AND invoice = ? AND day >= ? AND day < ?) AS d
    CROSS JOIN usage_events AS e CROSS JOIN invoice_usage AS u
    WHERE e.tenant = ? AND e.day = d.day AND e.type = ?
    AND (e.provider, e.model) ${isExcept ? "NOT IN" : "IN"} (SELECT m.provider, m.model FROM ${rowsFrom(dialect, MODEL)} AS m)
    AND u.tenant = e.tenant AND u.invoice = ? AND u.day = e.day AND u.provider = e.provider AND u.model = e.model
    AND u.type = e.type AND u.price = e.price AND u.charge_price = e.charge_price
    AND e.seq > u.after_seq AND e.seq <= u.upto_seq
    AND (CASE WHEN u.charge_price = '' THEN u.price ELSE u.charge_price END) = ? AND u.metered = ?`;
}

const MODEL = { provider: "text", model: "text" } as const;

export async function pageOfLineEvents(
  tenant: string,
  line: LineEvents,
  { after, limit }: { after: bigint; limit: number },
  reader: Reader,
): Promise<LineEvent[]> {
  const rows = await reader.all<Readonly<Record<string, bigint>> & { readonly id: string }>(
    `SELECT e.seq, e.id, e.ts, e.sign, e.quantity, e.charge,
       e.input_tokens + e.cache_read_tokens + e.cache_write_tokens + e.cache_write_1h_tokens AS input_tokens,
       e.output_tokens + e.reasoning_tokens AS output_tokens
     ${behind(reader.dialect, line)} AND e.seq > ? ORDER BY e.seq LIMIT ?`,
    [...valuesOf(tenant, line), after, limit],
  );
  return rows.map((row) => ({
    ...{ seq: row.seq as bigint, id: row.id, ts: Number(row.ts), sign: Number(row.sign) },
    ...{ inputTokens: Number(row.input_tokens), outputTokens: Number(row.output_tokens) },
    ...{ quantity: Number(row.quantity), charge: row.charge as bigint },
  }));
}

/** How many events a line has, and what they sum to, from the events themselves. */
export async function sumOfLineEvents(
  tenant: string,
  line: LineEvents,
  reader: Reader,
): Promise<{ events: number; chargeHi: bigint; chargeLo: bigint }> {
  const row = await reader.get<{ n: bigint; hi: bigint | null; lo: bigint | null }>(
    `SELECT count(*) AS n, sum(e.charge / 1000000) AS hi, sum(e.charge % 1000000) AS lo ${behind(reader.dialect, line)}`,
    valuesOf(tenant, line),
  );
  return { events: Number(row?.n ?? 0n), chargeHi: row?.hi ?? 0n, chargeLo: row?.lo ?? 0n };
}

function valuesOf(tenant: string, { invoice, firstDay, endDay, type, price, metered, models }: LineEvents) {
  return [tenant, invoice, firstDay, endDay, tenant, type, jsonOf(models), invoice, price, metered ? 1 : 0];
}
