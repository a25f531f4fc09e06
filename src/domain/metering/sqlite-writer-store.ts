// SQLite: one insert per event, then one statement per rollup over the rows that arrived in this transaction. The single
// writer makes `seq > before` exactly those rows.

import type { Tx, Value } from "../../store/index.ts";
import { EVENT_COLUMN_LIST, EVENT_COLUMNS } from "./event-row-store.ts";
import {
  ROLLED_UP_DIMENSIONS,
  type RolledUpDimension,
  selectByDay,
  selectByDimension,
  upsertByDay,
  upsertByDimension,
} from "./rollup-store.ts";

// Without NOT INDEXED the planner walks the whole day index to spare a sort of these few rows.
const EVENTS = "usage_events NOT INDEXED";
const ARRIVED = "seq > ?";

export const LAST_SEQ = "SELECT max(seq) AS seq FROM usage_events";
export const INSERT_EVENT = `INSERT INTO usage_events (${EVENT_COLUMN_LIST})
  VALUES (${EVENT_COLUMNS.map(() => "?").join(", ")}) ON CONFLICT DO NOTHING`;
export const ROLL_UP: readonly string[] = [
  upsertByDay(selectByDay(EVENTS, ARRIVED)),
  ...(Object.keys(ROLLED_UP_DIMENSIONS) as RolledUpDimension[]).map((dimension) =>
    upsertByDimension(selectByDimension(dimension, EVENTS, ARRIVED)),
  ),
];

/** Inserts the rows and rolls up the new ones; tells for each row whether it was new. */
export async function insertOnSqlite(tx: Tx, rows: readonly Value[][]): Promise<boolean[]> {
  const before = (await tx.get<{ seq: bigint | null }>(LAST_SEQ))?.seq ?? 0n;
  const changes = await tx.each(INSERT_EVENT, rows);
  if (changes.includes(1)) for (const statement of ROLL_UP) await tx.run(statement, [before]);
  return changes.map((changed) => changed === 1);
}
