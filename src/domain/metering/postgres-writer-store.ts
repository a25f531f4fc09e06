// PostgreSQL: one statement per batch inserts the events and rolls up the rows it inserted. Rows are sorted by their key
// here and rollup rows by theirs in SQL, so that concurrent batches take their locks in one order.

import { intArray, type Tx, textArray, type Value } from "../../store/index.ts";
import { eventKey } from "./content.ts";
import { EVENT_COLUMN_LIST, EVENT_COLUMNS } from "./event-row-store.ts";
import {
  DAY_KEY,
  DIMENSION_KEY,
  ROLLED_UP_DIMENSIONS,
  SUMS_OF_EVENTS,
  selectByDay,
  upsertByDay,
  upsertByDimension,
} from "./rollup-store.ts";

const ID = 0;
const TENANT = 1;

const arrays = EVENT_COLUMNS.map(([, kind]) => `?::${kind === "text" ? "text" : "bigint"}[]`).join(", ");
const dimensions = Object.entries(ROLLED_UP_DIMENSIONS)
  .map(([dimension, value]) => `('${dimension}', ${value})`)
  .join(", ");

export const INSERT_EVENTS = `WITH arrived AS (
    INSERT INTO usage_events (${EVENT_COLUMN_LIST}) SELECT * FROM unnest(${arrays})
    ON CONFLICT DO NOTHING RETURNING *
  ), by_day AS (
    ${upsertByDay(`${selectByDay("arrived", "true")} ORDER BY ${DAY_KEY.join(", ")}`)}
  ), by_dimension AS (
    ${upsertByDimension(`SELECT day, tenant, dimension, value, ${SUMS_OF_EVENTS}
      FROM arrived CROSS JOIN LATERAL (VALUES ${dimensions}) AS named (dimension, value)
      WHERE value <> '' GROUP BY day, tenant, dimension, value ORDER BY ${DIMENSION_KEY.join(", ")}`)}
  ) SELECT id, tenant FROM arrived`;

/** Inserts the rows and rolls up the new ones; tells for each row whether it was new. */
export async function insertOnPostgres(tx: Tx, rows: readonly Value[][]): Promise<boolean[]> {
  const sorted = [...rows].sort(byKey);
  const columns = EVENT_COLUMNS.map(([, kind], index) => {
    const values = sorted.map((row) => row[index] as Value);
    return kind === "int" ? intArray(values) : textArray(values);
  });
  const arrived = await tx.all<{ id: string; tenant: string }>(INSERT_EVENTS, columns);
  if (arrived.length === rows.length) return rows.map(() => true);
  const left = new Set(arrived.map(({ id, tenant }) => eventKey(id, tenant)));
  // Of two rows with one key the first is the one on record: deleting makes the second one not new.
  return rows.map((row) => left.delete(eventKey(row[ID] as string, row[TENANT] as string)));
}

function byKey(a: readonly Value[], b: readonly Value[]): number {
  if (a[ID] !== b[ID]) return (a[ID] as string) < (b[ID] as string) ? -1 : 1;
  if (a[TENANT] !== b[TENANT]) return (a[TENANT] as string) < (b[TENANT] as string) ? -1 : 1;
  return 0;
}
