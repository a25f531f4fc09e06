import type { Reader, Tx } from "../../store/index.ts";
import type { Adjustment } from "./adjustment.ts";
import type { RatedEvent } from "./event.ts";
import { type EventRow, ratedEventOf } from "./event-row-store.ts";
import { type EventPosition, type StoredEvent, storedEventsOf } from "./event-store.ts";

interface AdjustmentRow {
  readonly id: string;
  readonly tenant: string;
  readonly kind: Adjustment["kind"];
  readonly reason: string;
  readonly request: string;
  readonly created_at: bigint;
}

/** Writes the audit entry; false when there is one with this id. */
export async function insertAdjustment(tx: Tx, adjustment: Adjustment): Promise<boolean> {
  const { id, tenant, kind, reason, request, createdAt } = adjustment;
  const changed = await tx.run(
    `INSERT INTO usage_adjustments (id, tenant, kind, reason, request, created_at)
     VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING`,
    [id, tenant, kind, reason, request, createdAt],
  );
  return changed === 1;
}

export async function findAdjustment(
  tenant: string,
  id: string,
  reader: Reader,
): Promise<Adjustment | undefined> {
  const row = await reader.get<AdjustmentRow>("SELECT * FROM usage_adjustments WHERE id = ? AND tenant = ?", [
    id,
    tenant,
  ]);
  return row && adjustmentOf(row);
}

/** A tenant's corrections and the re-ratings that changed its events, newest first. */
export async function adjustmentsOf(tenant: string, limit: number, reader: Reader): Promise<Adjustment[]> {
  const rows = await reader.all<AdjustmentRow>(
    `SELECT * FROM usage_adjustments AS a WHERE tenant = ? OR (tenant = '' AND EXISTS (
       SELECT 1 FROM usage_events AS e WHERE e.adjustment = a.id AND e.adjustment <> '' AND e.tenant = ?))
     ORDER BY seq DESC LIMIT ?`,
    [tenant, tenant, limit],
  );
  return rows.map(adjustmentOf);
}

/** The rows that an adjustment wrote for a tenant: reversals and replacements. */
export function eventsOfAdjustment(
  tenant: string,
  adjustment: string,
  reader: Reader,
): Promise<StoredEvent[]> {
  return storedEventsOf(
    "SELECT * FROM usage_events WHERE adjustment = ? AND adjustment <> '' AND tenant = ? ORDER BY seq",
    [adjustment, tenant],
    reader,
  );
}

/** The rows that reverse or replace one row: at most one of each. */
export async function successorsOf(tenant: string, id: string, reader: Reader): Promise<RatedEvent[]> {
  const rows = await reader.all<EventRow>(
    "SELECT * FROM usage_events WHERE tenant = ? AND corrects = ? AND corrects <> ''",
    [tenant, id],
  );
  return rows.map(ratedEventOf);
}

/** No id holds a control character. */
const NO_ADJUSTMENT = "\u0001";

export interface EffectivePage {
  readonly day: number;
  readonly from: number;
  readonly to: number;
  /** '' is every tenant, provider or model. */
  readonly tenant: string;
  readonly provider: string;
  readonly model: string;
  /** Rows this adjustment wrote itself are left out. */
  readonly adjustment: string;
  readonly after: EventPosition | undefined;
  readonly limit: number;
}

/** Up to `limit` events of a day that no correction has taken back, ordered by tenant, time and arrival. */
export function effectivePageAcrossTenants(page: EffectivePage, reader: Reader): Promise<StoredEvent[]> {
  const { tenant, provider, model, after } = page;
  const named = Object.entries({ tenant, provider, model }).filter(([, value]) => value !== "");
  const filters = named.map(([column]) => `AND e.${column} = ?`).join(" ");
  const position = after === undefined ? "" : "AND (e.tenant, e.ts, e.seq) > (?, ?, ?)";
  return storedEventsOf(
    `SELECT e.* FROM usage_events AS e
     WHERE e.day = ? AND e.ts >= ? AND e.ts < ? AND e.sign = 1 AND e.adjustment <> ? ${filters} ${position}
       AND NOT EXISTS (
         SELECT 1 FROM usage_events AS r
         WHERE r.tenant = e.tenant AND r.corrects = e.id AND r.sign = -1 AND r.corrects <> '')
     ORDER BY e.tenant, e.ts, e.seq LIMIT ?`,
    [
      ...[page.day, page.from, page.to, page.adjustment === "" ? NO_ADJUSTMENT : page.adjustment],
      ...named.map(([, value]) => value),
      ...(after === undefined ? [] : [after.tenant, after.ts, after.seq]),
      page.limit,
    ],
    reader,
  );
}

/** Corrections that do not hang together: their targets, reversals or audit entries are missing. */
export async function brokenCorrectionsAcrossTenants(
  reader: Reader,
): Promise<{ tenant: string; id: string; lacks: string }[]> {
  const rows = await reader.all<{
    tenant: string;
    id: string;
    target: bigint;
    reversed: bigint;
    entry: bigint;
  }>(
    `SELECT e.tenant, e.id,
       CASE WHEN EXISTS (SELECT 1 FROM usage_events AS o WHERE o.id = e.corrects AND o.tenant = e.tenant AND o.sign = 1)
         THEN 1 ELSE 0 END AS target,
       CASE WHEN EXISTS (SELECT 1 FROM usage_events AS r
           WHERE r.tenant = e.tenant AND r.corrects = e.corrects AND r.sign = -1 AND r.corrects <> '')
         THEN 1 ELSE 0 END AS reversed,
       CASE WHEN EXISTS (SELECT 1 FROM usage_adjustments AS a
           WHERE a.id = e.adjustment AND (a.tenant = e.tenant OR a.tenant = ''))
         THEN 1 ELSE 0 END AS entry
     FROM usage_events AS e WHERE e.corrects <> '' ORDER BY e.seq`,
  );
  return rows
    .filter(({ target, reversed, entry }) => target + reversed + entry < 3n)
    .map(({ tenant, id, target, reversed }) => {
      const lacks =
        target === 0n
          ? "the event it corrects"
          : reversed === 0n
            ? "the reversal beside it"
            : "its adjustment";
      return { tenant, id, lacks };
    });
}

function adjustmentOf(row: AdjustmentRow): Adjustment {
  const { id, tenant, kind, reason, request } = row;
  return { id, tenant, kind, reason, request, createdAt: Number(row.created_at) };
}
