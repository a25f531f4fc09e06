// What events and spends say that a budget's counters must hold, straight from the rows.

import { dayOf, joinMoney } from "../../kernel/index.ts";
import { jsonOf, type Reader, rowsFrom, type Value } from "../../store/index.ts";
import type { LiveBudget } from "./budget.ts";
import type { Dimensions, ScopeDimension } from "./scope.ts";
import { counterKey } from "./scope.ts";

type Measured = Pick<LiveBudget, "tenant" | "scope" | "compiled" | "measure" | "money">;

const TOKENS = [
  "input_tokens",
  "cache_read_tokens",
  "cache_write_tokens",
  "cache_write_1h_tokens",
  "output_tokens",
  "reasoning_tokens",
].join(" + ");

/** The first and last instant of a tenant's usage from `from` on; undefined when there is none. */
export async function usageSpan(
  tenant: string,
  from: number,
  reader: Reader,
): Promise<{ first: number; last: number } | undefined> {
  const days = await reader.get<{ first: bigint | null; last: bigint | null }>(
    "SELECT (SELECT min(day) FROM usage_events) AS first, (SELECT max(day) FROM usage_events) AS last",
  );
  const spends = await reader.get<{ first: bigint | null; last: bigint | null }>(
    "SELECT min(at) AS first, max(at) AS last FROM budget_spends WHERE tenant = ? AND at >= ?",
    [tenant, from],
  );
  const first: number[] = [];
  const last: number[] = [];
  if (days?.first != null && days.last != null) {
    first.push(Number(days.first) * DAY);
    last.push(Number(days.last) * DAY + DAY - 1);
  }
  if (spends?.first != null && spends.last != null) {
    first.push(Number(spends.first));
    last.push(Number(spends.last));
  }
  if (first.length === 0) return undefined;
  const span = { first: Math.max(from, Math.min(...first)), last: Math.max(...last) };
  return span.first > span.last ? undefined : span;
}

/** What was spent within [from, to), per counter; counters without usage are left out. */
export async function sumsOf(
  budget: Measured,
  from: number,
  to: number,
  reader: Reader,
): Promise<Map<string, bigint>> {
  const sums = new Map<string, bigint>();
  const add = (counter: string, amount: bigint) => sums.set(counter, (sums.get(counter) ?? 0n) + amount);
  for (const source of ["events", "spends"] as const) {
    for (const row of await sumRows(budget, source, from, to, "", reader)) {
      const key = counterKey(budget.compiled.each, row as unknown as Dimensions);
      // Without groups a sum over no rows is a row, too: of nulls.
      if (key !== undefined && row.hi !== null && row.lo !== null) add(key, joinMoney(row.hi, row.lo));
    }
  }
  return sums;
}

/** What was spent within [from, to) in all counters together, per span of `stepMs` counted from 1970 in UTC. */
export async function seriesOf(
  budget: Measured,
  from: number,
  to: number,
  stepMs: number,
  reader: Reader,
): Promise<Map<number, bigint>> {
  const series = new Map<number, bigint>();
  for (const source of ["events", "spends"] as const) {
    const column = source === "events" ? "ts" : "at";
    const span = `${column} / ${Math.trunc(stepMs)}`;
    for (const row of await sumRows(budget, source, from, to, span, reader)) {
      const start = Number(row.span) * stepMs;
      series.set(start, (series.get(start) ?? 0n) + joinMoney(row.hi ?? 0n, row.lo ?? 0n));
    }
  }
  return series;
}

type SumRow = Partial<Record<ScopeDimension, string>> & {
  readonly hi: bigint | null;
  readonly lo: bigint | null;
  readonly span?: bigint;
};

function sumRows(
  budget: Measured,
  source: "events" | "spends",
  from: number,
  to: number,
  span: string,
  reader: Reader,
): Promise<SumRow[]> {
  const { fixed, each } = budget.compiled;
  const amount = amountIn(budget, source);
  const keys = [...each.map(columnOf), ...(span === "" ? [] : [span])];
  const selected = [...each.map(columnOf), ...(span === "" ? [] : [`${span} AS span`])];
  const conditions = [
    ...fixed.map((dimension) => `${columnOf(dimension)} = ?`),
    ...each.map((dimension) => `${columnOf(dimension)} <> ''`),
  ];
  const table = source === "events" ? "usage_events" : "budget_spends";
  const time = source === "events" ? "ts" : "at";
  const own = source === "spends" ? ["state = 'counted'"] : [];
  const values: Value[] = [
    budget.tenant,
    from,
    to,
    ...fixed.map((dimension) => budget.scope[dimension] ?? ""),
  ];
  // A list of days lets the index on (day, tenant) skip every other tenant's rows.
  if (source === "events") {
    own.push(`day IN (SELECT day FROM ${rowsFrom(reader.dialect, { day: "int" })} AS d)`);
    values.push(jsonOf(daysOf(from, to)));
  }
  return reader.all<SumRow>(
    `SELECT ${[...selected, `sum((${amount}) / 1000000) AS hi`, `sum((${amount}) % 1000000) AS lo`].join(", ")}
     FROM ${table} WHERE ${["tenant = ?", `${time} >= ?`, `${time} < ?`, ...conditions, ...own].join(" AND ")}
     ${keys.length === 0 ? "" : `GROUP BY ${keys.join(", ")}`}`,
    values,
  );
}

function amountIn({ measure, money }: Measured, source: "events" | "spends"): string {
  if (measure === "usd") return money;
  if (source === "spends") return measure;
  if (measure === "tokens") return TOKENS;
  return measure === "calls" ? "sign" : "CASE WHEN type = 'debate' THEN quantity ELSE 0 END";
}

function columnOf(dimension: ScopeDimension): string {
  return dimension === "user" ? '"user"' : dimension;
}

const DAY = 86_400_000;

function daysOf(from: number, to: number): number[][] {
  const days: number[][] = [];
  for (let day = dayOf(from); day <= dayOf(to - 1); day += 1) days.push([day]);
  return days;
}
