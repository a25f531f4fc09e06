import type { Reader } from "../../store/index.ts";
import {
  DAY_KEY,
  DIMENSION_KEY,
  ROLLED_UP_DIMENSIONS,
  type RolledUpDimension,
  SUM_COLUMNS,
  selectByDay,
  selectByDimension,
} from "./rollup-store.ts";

type Sums = Readonly<Record<string, bigint>>;

export interface RollupDifference {
  readonly table: string;
  readonly key: Readonly<Record<string, string | bigint>>;
  readonly rollup: Sums;
  readonly events: Sums;
}

/** What the engine finds wrong with its own file, in its words; PostgreSQL checks its pages as it reads them. */
export async function fileDamageAcrossTenants(reader: Reader): Promise<string[]> {
  if (reader.dialect !== "sqlite") return [];
  const rows = await reader.all<{ quick_check: string }>("PRAGMA quick_check(20)");
  return rows.map(({ quick_check }) => quick_check).filter((finding) => finding !== "ok");
}

/** Every day that any usage table knows of, so that neither lost events nor lost rollups can hide. */
export async function verifiableDaysAcrossTenants(reader: Reader): Promise<number[]> {
  const rows = await reader.all<{ day: bigint }>(
    `SELECT day FROM usage_events GROUP BY day UNION SELECT day FROM usage_by_day GROUP BY day
     UNION SELECT day FROM usage_by_dimension GROUP BY day ORDER BY day`,
  );
  return rows.map(({ day }) => Number(day));
}

/** The rollup rows of a day that are not the sum of its events; a missing row counts as zeros. */
export async function rollupDifferencesAcrossTenants(
  day: number,
  reader: Reader,
): Promise<RollupDifference[]> {
  const found = await compare(
    "usage_by_day",
    DAY_KEY,
    "day = ?",
    selectByDay("usage_events", "day = ?"),
    day,
    reader,
  );
  for (const dimension of Object.keys(ROLLED_UP_DIMENSIONS) as RolledUpDimension[]) {
    const rows = `day = ? AND dimension = '${dimension}'`;
    const events = selectByDimension(dimension, "usage_events", "day = ?");
    found.push(...(await compare("usage_by_dimension", DIMENSION_KEY, rows, events, day, reader)));
  }
  const known = Object.keys(ROLLED_UP_DIMENSIONS).map((dimension) => `'${dimension}'`);
  const stray = await reader.all<Record<string, string | bigint>>(
    `SELECT ${DIMENSION_KEY.join(", ")} FROM usage_by_dimension
     WHERE day = ? AND dimension NOT IN (${known.join(", ")}) LIMIT 100`,
    [day],
  );
  const nothing = Object.fromEntries(SUM_COLUMNS.map((column) => [column, 0n]));
  for (const key of stray)
    found.push({ table: "usage_by_dimension", key, rollup: { ...nothing, events: 1n }, events: nothing });
  return found;
}

async function compare(
  table: string,
  key: readonly string[],
  where: string,
  selectEvents: string,
  day: number,
  reader: Reader,
): Promise<RollupDifference[]> {
  const keys = key.join(", ");
  const side = (name: string, source: string) =>
    `sum(CASE WHEN side = '${source}' THEN ${name} ELSE 0 END) AS ${source}_${name}`;
  const columns = SUM_COLUMNS.flatMap((name) => [side(name, "rollup"), side(name, "events")]).join(", ");
  const differ = SUM_COLUMNS.map((name) => `rollup_${name} <> events_${name}`).join(" OR ");
  const rows = await reader.all<Record<string, string | bigint>>(
    `SELECT * FROM (
       SELECT ${keys}, ${columns} FROM (
         SELECT 'rollup' AS side, ${keys}, ${SUM_COLUMNS.join(", ")} FROM ${table} WHERE ${where}
         UNION ALL SELECT 'events' AS side, ${keys}, ${SUM_COLUMNS.join(", ")} FROM (${selectEvents}) AS recomputed
       ) AS sides GROUP BY ${keys}
     ) AS compared WHERE ${differ} ORDER BY ${keys} LIMIT 100`,
    [day, day],
  );
  return rows.map((row) => ({
    table,
    key: Object.fromEntries(key.map((column) => [column, row[column] as string | bigint])),
    rollup: sumsOf(row, "rollup"),
    events: sumsOf(row, "events"),
  }));
}

function sumsOf(row: Readonly<Record<string, string | bigint>>, side: string): Sums {
  return Object.fromEntries(SUM_COLUMNS.map((column) => [column, row[`${side}_${column}`] as bigint]));
}
