// The rollups, written once as SQL and used by both writers, by `verify` and by analytics.

/** A stored sum and how it is made from events. Money is two integers, so that no sum can overflow. */
const SUMS: readonly (readonly [column: string, expression: string])[] = [
  ["events", "sum(sign)"],
  ["quantity", "sum(quantity)"],
  ["input_tokens", "sum(input_tokens)"],
  ["cache_read_tokens", "sum(cache_read_tokens)"],
  ["cache_write_tokens", "sum(cache_write_tokens)"],
  ["cache_write_1h_tokens", "sum(cache_write_1h_tokens)"],
  ["output_tokens", "sum(output_tokens)"],
  ["reasoning_tokens", "sum(reasoning_tokens)"],
  ["web_searches", "sum(web_searches)"],
  ["flagged_events", "sum(CASE WHEN flags <> 0 THEN sign ELSE 0 END)"],
  ["cost_hi", "sum(cost / 1000000)"],
  ["cost_lo", "sum(cost % 1000000)"],
  ["charge_hi", "sum(charge / 1000000)"],
  ["charge_lo", "sum(charge % 1000000)"],
];

export const SUM_COLUMNS: readonly string[] = SUMS.map(([column]) => column);
/** The sums of a set of events. */
export const SUMS_OF_EVENTS = SUMS.map(([column, expression]) => `${expression} AS ${column}`).join(", ");
/** The sums of a set of rollup rows. */
export const SUMS_OF_ROLLUPS = SUM_COLUMNS.map((column) => `sum(${column}) AS ${column}`).join(", ");

export const DAY_KEY = ["day", "tenant", "provider", "model", "type", "price", "charge_price"] as const;
export const DIMENSION_KEY = ["day", "tenant", "dimension", "value"] as const;

/** The dimensions rolled up on their own, and each one's value of an event. */
export const ROLLED_UP_DIMENSIONS = {
  workspace: "workspace",
  user: '"user"',
  agent: "agent",
  debate: "debate",
  hour: "CAST(ts % 86400000 / 3600000 AS TEXT)",
} as const;

export type RolledUpDimension = keyof typeof ROLLED_UP_DIMENSIONS;

export function selectByDay(source: string, where: string): string {
  const key = DAY_KEY.join(", ");
  return `SELECT ${key}, ${SUMS_OF_EVENTS} FROM ${source} WHERE ${where} GROUP BY ${key}`;
}

export function selectByDimension(dimension: RolledUpDimension, source: string, where: string): string {
  const value = ROLLED_UP_DIMENSIONS[dimension];
  return `SELECT day, tenant, '${dimension}' AS dimension, ${value} AS value, ${SUMS_OF_EVENTS}
    FROM ${source} WHERE ${where} AND ${value} <> '' GROUP BY day, tenant, ${value}`;
}

export function upsertByDay(select: string): string {
  return upsert("usage_by_day", DAY_KEY, select);
}

export function upsertByDimension(select: string): string {
  return upsert("usage_by_dimension", DIMENSION_KEY, select);
}

function upsert(table: string, key: readonly string[], select: string): string {
  const added = SUM_COLUMNS.map((column) => `${column} = ${table}.${column} + excluded.${column}`).join(", ");
  return `INSERT INTO ${table} (${[...key, ...SUM_COLUMNS].join(", ")}) ${select}
    ON CONFLICT (${key.join(", ")}) DO UPDATE SET ${added}`;
}
