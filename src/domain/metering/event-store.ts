import { dayOf } from "../../kernel/index.ts";
import type { Reader, Tx, Value } from "../../store/index.ts";
import type { RatedEvent } from "./event.ts";
import { type EventRow, eventRow, ratedEventOf } from "./event-row-store.ts";
import { insertOnPostgres } from "./postgres-writer-store.ts";
import { insertOnSqlite } from "./sqlite-writer-store.ts";

const KEYS_AT_ONCE = 100;

/** Inserts events and their rollups; tells for each event whether it was new. One row per (tenant, id), for ever. */
export function insertEvents(tx: Tx, events: readonly RatedEvent[]): Promise<boolean[]> {
  const rows = events.map(eventRow);
  return tx.dialect === "postgres" ? insertOnPostgres(tx, rows) : insertOnSqlite(tx, rows);
}

/** The events on record with these keys, of many tenants, in no order; those that are not on record are left out. */
export async function findEventsAcrossTenants(
  keys: readonly { readonly id: string; readonly tenant: string }[],
  reader: Reader,
): Promise<RatedEvent[]> {
  const found: RatedEvent[] = [];
  for (let start = 0; start < keys.length; start += KEYS_AT_ONCE) {
    const chunk = keys.slice(start, start + KEYS_AT_ONCE);
    const tuples = chunk.map(() => "(?, ?)").join(", ");
    const rows = await reader.all<EventRow>(
      `SELECT * FROM usage_events WHERE (id, tenant) IN (VALUES ${tuples})`,
      chunk.flatMap(({ id, tenant }) => [id, tenant]),
    );
    for (const row of rows) found.push(ratedEventOf(row));
  }
  return found;
}

/** Where a page of events ended. */
export interface EventPosition {
  readonly tenant: string;
  readonly ts: number;
  readonly seq: bigint;
}

export interface StoredEvent extends RatedEvent {
  readonly seq: bigint;
  readonly day: number;
}

/** The first and last UTC day with events of any tenant, by the events' own index; undefined when there are none. */
export async function eventDaysAcrossTenants(
  reader: Reader,
): Promise<{ first: number; last: number } | undefined> {
  const row = await reader.get<{ first: bigint | null; last: bigint | null }>(
    "SELECT (SELECT min(day) FROM usage_events) AS first, (SELECT max(day) FROM usage_events) AS last",
  );
  if (row === undefined || row.first === null || row.last === null) return undefined;
  return { first: Number(row.first), last: Number(row.last) };
}

/** Where one of a tenant's events stands in the order of time; undefined when it is not on record. */
export async function positionOf(
  tenant: string,
  id: string,
  reader: Reader,
): Promise<EventPosition | undefined> {
  const row = await reader.get<{ ts: bigint; seq: bigint }>(
    "SELECT ts, seq FROM usage_events WHERE id = ? AND tenant = ?",
    [id, tenant],
  );
  return row && { tenant, ts: Number(row.ts), seq: row.seq };
}

/** Part of a tenant's events: the half-open period [from, to), after a position, at most so many. */
interface EventRange {
  readonly from: number;
  readonly to: number;
  readonly after: EventPosition | undefined;
  readonly limit: number;
}

/** One tenant's events in time order. Day by day, for so goes the index: it must not walk those of other tenants. */
export async function pageOfEvents(
  tenant: string,
  range: EventRange,
  reader: Reader,
): Promise<StoredEvent[]> {
  const { from, to, after, limit } = range;
  const days = await eventDaysAcrossTenants(reader);
  if (days === undefined) return [];
  const last = Math.min(days.last, dayOf(to - 1));
  const found: StoredEvent[] = [];
  for (
    let day = Math.max(days.first, dayOf(after?.ts ?? from));
    day <= last && found.length < limit;
    day += 1
  ) {
    const rest = { ...range, limit: limit - found.length };
    found.push(...(await pageOfDay(tenant, day, rest, reader)));
  }
  return found;
}

function pageOfDay(
  tenant: string,
  day: number,
  { from, to, after, limit }: EventRange,
  reader: Reader,
): Promise<StoredEvent[]> {
  const position = after === undefined ? "" : "AND (ts, seq) > (?, ?)";
  return storedEventsOf(
    `SELECT * FROM usage_events WHERE day = ? AND tenant = ? AND ts >= ? AND ts < ? ${position}
     ORDER BY ts, seq LIMIT ?`,
    [day, tenant, from, to, ...(after === undefined ? [] : [after.ts, after.seq]), limit],
    reader,
  );
}

/** Up to `limit` events of all tenants of a day, ordered by tenant, time and arrival, after a position. */
export function pageOfDayAcrossTenants(
  page: { day: number; after: EventPosition | undefined; limit: number },
  reader: Reader,
): Promise<StoredEvent[]> {
  const { day, after, limit } = page;
  const position = after === undefined ? "" : "AND (tenant, ts, seq) > (?, ?, ?)";
  return storedEventsOf(
    `SELECT * FROM usage_events WHERE day = ? ${position} ORDER BY tenant, ts, seq LIMIT ?`,
    [day, ...(after === undefined ? [] : [after.tenant, after.ts, after.seq]), limit],
    reader,
  );
}

/** Rows of `usage_events` as events. */
export async function storedEventsOf(
  sql: string,
  values: readonly Value[],
  reader: Reader,
): Promise<StoredEvent[]> {
  const rows = await reader.all<EventRow>(sql, values);
  return rows.map((row) => ({ ...ratedEventOf(row), seq: row.seq, day: Number(row.day) }));
}
