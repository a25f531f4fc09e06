// Counters: what was spent and is held, per budget, counter and period.

import { joinMoney } from "../../kernel/index.ts";
import { jsonOf, type Reader, rowsFrom, type Tx } from "../../store/index.ts";
import { halves } from "./halves.ts";

export interface CounterId {
  readonly tenant: string;
  readonly budget: string;
  readonly counter: string;
  readonly periodStart: number;
}

export interface Counter extends CounterId {
  readonly spent: bigint;
  readonly held: bigint;
  readonly carry: bigint;
  /** The highest threshold that was alerted since the last reset; 0: none. */
  readonly alertedBps: number;
  readonly resets: number;
  readonly seal: string;
}

/** What is added to a counter; `carry` and `seal` count only where the row is new. */
export interface CounterChange extends CounterId {
  readonly spent: bigint;
  readonly held: bigint;
  readonly carry: bigint;
  readonly seal: string;
}

const KEY_COLUMNS = "tenant, budget, counter, period_start";
const COUNTER_COLUMNS = `${KEY_COLUMNS}, spent_hi, spent_lo, held_hi, held_lo, carry, alerted_bps, resets, seal`;
const KEY = { tenant: "text", budget: "text", counter: "text", period_start: "int" } as const;
const ROW = {
  ...KEY,
  spent_hi: "int",
  spent_lo: "int",
  held_hi: "int",
  held_lo: "int",
  carry: "int",
  alerted_bps: "int",
  resets: "int",
  seal: "text",
} as const;

/** The order in which everybody locks counters. */
export function byCounter(a: CounterId, b: CounterId): number {
  if (a.tenant !== b.tenant) return a.tenant < b.tenant ? -1 : 1;
  if (a.budget !== b.budget) return a.budget < b.budget ? -1 : 1;
  if (a.counter !== b.counter) return a.counter < b.counter ? -1 : 1;
  return a.periodStart - b.periodStart;
}

/** Ids and keys hold no control character, so two texts are equal only if all parts are. */
export function counterText({ tenant, budget, counter, periodStart }: CounterId): string {
  return `${tenant}\u001f${budget}\u001f${counter}\u001f${periodStart}`;
}

/** Adds to counters, made where they are missing, in one statement (on SQLite: one each); returns them as they are now. Sorted, each once. */
export async function addToCounters(tx: Tx, changes: readonly CounterChange[]): Promise<Counter[]> {
  if (changes.length === 0) return [];
  const rows = changes.map((change) => rowOf({ ...change, alertedBps: 0, resets: 0 }));
  if (tx.dialect === "postgres") {
    const source = `SELECT ${COUNTER_COLUMNS} FROM ${rowsFrom(tx.dialect, ROW)} AS r ORDER BY ${KEY_COLUMNS}`;
    return (await tx.all<CounterRow>(addition(source, COUNTER_COLUMNS), [jsonOf(rows)])).map(counterOf);
  }
  // No round trips here: a prepared statement per row is cheaper than taking JSON apart.
  const added: Counter[] = [];
  for (const [index, row] of rows.entries()) {
    const sums = (await tx.get<CounterSums>(ADD_ONE, row)) as CounterSums;
    added.push({ ...(changes[index] as CounterChange), ...sumsOf(sums) });
  }
  return added;
}

function addition(source: string, returned: string): string {
  return `INSERT INTO budget_counters (${COUNTER_COLUMNS}) ${source}
    ON CONFLICT (${KEY_COLUMNS}) DO UPDATE SET
      spent_hi = budget_counters.spent_hi + excluded.spent_hi,
      spent_lo = budget_counters.spent_lo + excluded.spent_lo,
      held_hi = budget_counters.held_hi + excluded.held_hi,
      held_lo = budget_counters.held_lo + excluded.held_lo
    RETURNING ${returned}`;
}

const SUM_COLUMNS = "spent_hi, spent_lo, held_hi, held_lo, carry, alerted_bps, resets, seal";
const ADD_ONE = addition(
  `VALUES (${Object.keys(ROW)
    .map(() => "?")
    .join(", ")})`,
  SUM_COLUMNS,
);

/** Locks counters for the rest of the transaction, made where they are missing: `made` names those. Sorted, each once. */
export async function lockCounters(
  tx: Tx,
  counters: readonly Counter[],
): Promise<{ counters: Counter[]; made: ReadonlySet<string> }> {
  const made = new Set<string>();
  if (counters.length === 0) return { counters: [], made };
  if (tx.dialect === "postgres") {
    const rows = await tx.all<CounterKeyRow>(
      `INSERT INTO budget_counters (${COUNTER_COLUMNS})
       SELECT ${COUNTER_COLUMNS} FROM ${rowsFrom(tx.dialect, ROW)} AS r ORDER BY ${KEY_COLUMNS}
       ON CONFLICT DO NOTHING RETURNING ${KEY_COLUMNS}`,
      [jsonOf(counters.map(rowOf))],
    );
    for (const row of rows) made.add(counterText(idOf(row)));
  }
  const locked = await readCounters(counters, tx, tx.dialect === "postgres" ? "FOR UPDATE OF c" : "");
  // SQLite's writer is alone: a row that nobody needs is not made.
  const found = new Set(locked.map(counterText));
  const missing = counters.filter((counter) => !found.has(counterText(counter)));
  return { counters: [...locked, ...missing], made };
}

/** Those of the counters that exist. */
export async function readCounters(
  ids: readonly CounterId[],
  reader: Reader,
  lock: "" | "FOR UPDATE OF c" = "",
): Promise<Counter[]> {
  if (ids.length === 0) return [];
  const columns = COUNTER_COLUMNS.split(", ").map((column) => `c.${column}`);
  const order = KEY_COLUMNS.split(", ").map((column) => `c.${column}`);
  const rows = await reader.all<CounterRow>(
    `SELECT ${columns.join(", ")} FROM ${rowsFrom(reader.dialect, KEY)} AS k
     JOIN budget_counters AS c ON c.tenant = k.tenant AND c.budget = k.budget AND c.counter = k.counter
       AND c.period_start = k.period_start
     ORDER BY ${order.join(", ")} ${lock}`,
    [jsonOf(ids.map(({ tenant, budget, counter, periodStart }) => [tenant, budget, counter, periodStart]))],
  );
  return rows.map(counterOf);
}

/** Writes counters that this transaction has locked. */
export async function writeCounters(tx: Tx, counters: readonly Counter[]): Promise<void> {
  if (counters.length === 0) return;
  await tx.run(
    `INSERT INTO budget_counters (${COUNTER_COLUMNS})
     SELECT ${COUNTER_COLUMNS} FROM ${rowsFrom(tx.dialect, ROW)} AS r WHERE true ORDER BY ${KEY_COLUMNS}
     ON CONFLICT (${KEY_COLUMNS}) DO UPDATE SET
       spent_hi = excluded.spent_hi, spent_lo = excluded.spent_lo, held_hi = excluded.held_hi,
       held_lo = excluded.held_lo, alerted_bps = excluded.alerted_bps, resets = excluded.resets, seal = excluded.seal`,
    [jsonOf(counters.map(rowOf))],
  );
}

/** Takes away counters that this transaction made. */
export async function removeCounters(tx: Tx, ids: readonly CounterId[]): Promise<void> {
  if (ids.length === 0) return;
  await tx.run(
    `DELETE FROM budget_counters WHERE (${KEY_COLUMNS}) IN (SELECT ${KEY_COLUMNS} FROM ${rowsFrom(tx.dialect, KEY)} AS k)`,
    [jsonOf(ids.map(({ tenant, budget, counter, periodStart }) => [tenant, budget, counter, periodStart]))],
  );
}

/** Raises the high-water mark of alerts of one counter. */
export async function markAlerted(tx: Tx, id: CounterId, bps: number): Promise<void> {
  await tx.run(
    `UPDATE budget_counters SET alerted_bps = ?
     WHERE tenant = ? AND budget = ? AND counter = ? AND period_start = ?`,
    [bps, id.tenant, id.budget, id.counter, id.periodStart],
  );
}

/** A budget's counters of periods from `from` on, in order of period and counter. */
export async function countersOfBudget(
  tenant: string,
  budget: string,
  from: number,
  reader: Reader,
  lock: "" | "FOR UPDATE" = "",
): Promise<Counter[]> {
  const rows = await reader.all<CounterRow>(
    `SELECT ${COUNTER_COLUMNS} FROM budget_counters WHERE tenant = ? AND budget = ? AND period_start >= ?
     ORDER BY period_start, counter ${reader.dialect === "postgres" ? lock : ""}`,
    [tenant, budget, from],
  );
  return rows.map(counterOf);
}

export interface Reset extends CounterId {
  readonly number: number;
  readonly spent: bigint;
  readonly actor: string;
  readonly reason: string;
  readonly at: number;
}

export async function insertReset(tx: Tx, reset: Reset): Promise<void> {
  const { tenant, budget, counter, periodStart, number, spent, actor, reason, at } = reset;
  await tx.run(
    `INSERT INTO budget_resets (${KEY_COLUMNS}, number, spent_hi, spent_lo, actor, reason, at)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
    [tenant, budget, counter, periodStart, number, ...halves(spent), actor, reason, at],
  );
}

/** What resets have taken off a budget's counters, and how many there were. */
export async function resetsOfBudget(
  tenant: string,
  budget: string,
  reader: Reader,
): Promise<(CounterId & { spent: bigint; count: number })[]> {
  const rows = await reader.all<CounterKeyRow & { hi: bigint; lo: bigint; count: bigint }>(
    `SELECT ${KEY_COLUMNS}, sum(spent_hi) AS hi, sum(spent_lo) AS lo, count(*) AS count FROM budget_resets
     WHERE tenant = ? AND budget = ? GROUP BY ${KEY_COLUMNS}`,
    [tenant, budget],
  );
  return rows.map((row) => ({
    ...idOf(row),
    spent: joinMoney(row.hi, row.lo),
    count: Number(row.count),
  }));
}

interface CounterKeyRow {
  readonly tenant: string;
  readonly budget: string;
  readonly counter: string;
  readonly period_start: bigint;
}

interface CounterSums {
  readonly spent_hi: bigint;
  readonly spent_lo: bigint;
  readonly held_hi: bigint;
  readonly held_lo: bigint;
  readonly carry: bigint;
  readonly alerted_bps: bigint;
  readonly resets: bigint;
  readonly seal: string;
}

type CounterRow = CounterKeyRow & CounterSums;

function idOf({ tenant, budget, counter, period_start }: CounterKeyRow): CounterId {
  return { tenant, budget, counter, periodStart: Number(period_start) };
}

function counterOf(row: CounterRow): Counter {
  return { ...idOf(row), ...sumsOf(row) };
}

function sumsOf(row: CounterSums): Omit<Counter, keyof CounterId> {
  return {
    spent: joinMoney(row.spent_hi, row.spent_lo),
    held: joinMoney(row.held_hi, row.held_lo),
    carry: row.carry,
    alertedBps: Number(row.alerted_bps),
    resets: Number(row.resets),
    seal: row.seal,
  };
}

function rowOf(counter: Counter) {
  const { tenant, budget, periodStart, spent, held, carry, alertedBps, resets, seal } = counter;
  const key = [tenant, budget, counter.counter, periodStart];
  return [...key, ...halves(spent), ...halves(held), carry, alertedBps, resets, seal];
}
