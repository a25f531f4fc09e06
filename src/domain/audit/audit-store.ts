import { isoInstant } from "../../kernel/index.ts";
import type { Reader, Tx, Value } from "../../store/index.ts";
import {
  type ActorKind,
  type AuditActor,
  type AuditEntry,
  type AuditEntryInput,
  auditDetails,
} from "./audit-entry.ts";

/** What a listing is narrowed to; absent is any. Times are epoch ms. */
export interface AuditFilter {
  readonly from?: number | undefined;
  readonly to?: number | undefined;
  readonly action?: string | undefined;
  readonly actor?: Partial<AuditActor> | undefined;
  /** Only entries written before this row. */
  readonly before?: number | undefined;
  readonly limit: number;
}

export interface StoredAuditEntry {
  readonly seq: number;
  readonly entry: AuditEntry;
}

/**
 * Writes entries in the caller's transaction: they exist exactly if its other writes do. No one can change or remove
 * them afterwards; the database itself refuses.
 *
 * @throws BillingError internal `invalid_audit_entry`: see {@link auditDetails}.
 * @example
 * await appendAudit(tx, [
 *   { id: ids.next("aud"), at: clock.now(), tenant, actor, action: "member.removed", target: userId, details: { role } },
 * ]);
 */
export async function appendAudit(tx: Tx, entries: readonly AuditEntryInput[]): Promise<void> {
  if (entries.length === 0) return;
  await tx.many(
    `INSERT INTO audit_log (id, tenant, at, actor_kind, actor_id, action, target, details, request_id)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)`,
    entries.map((entry) => [
      entry.id,
      entry.tenant,
      entry.at,
      entry.actor.kind,
      entry.actor.id,
      entry.action,
      entry.target,
      auditDetails(entry),
      entry.requestId ?? "",
    ]),
  );
}

/** A tenant's entries, the last written first. */
export function auditEntries(
  tenant: string,
  filter: AuditFilter,
  reader: Reader,
): Promise<StoredAuditEntry[]> {
  return select([["tenant = ?", tenant]], filter, reader);
}

/** Every tenant's entries and the installation's own, the last written first. */
export function auditEntriesAcrossTenants(filter: AuditFilter, reader: Reader): Promise<StoredAuditEntry[]> {
  return select([], filter, reader);
}

interface AuditRow {
  readonly seq: bigint;
  readonly id: string;
  readonly tenant: string;
  readonly at: bigint;
  readonly actor_kind: ActorKind;
  readonly actor_id: string;
  readonly action: string;
  readonly target: string;
  readonly details: string;
  readonly request_id: string;
}

async function select(
  scope: readonly [condition: string, value: Value][],
  { from, to, action, actor, before, limit }: AuditFilter,
  reader: Reader,
): Promise<StoredAuditEntry[]> {
  const filters: [condition: string, value: Value | undefined][] = [
    ...scope,
    ["at >= ?", from],
    ["at < ?", to],
    ["action = ?", action],
    ["actor_kind = ?", actor?.kind],
    ["actor_id = ?", actor?.id],
    ["seq < ?", before],
  ];
  const used = filters.filter((filter): filter is [string, Value] => filter[1] !== undefined);
  const where = used.length === 0 ? "" : `WHERE ${used.map(([condition]) => condition).join(" AND ")}`;
  const rows = await reader.all<AuditRow>(
    `SELECT seq, id, tenant, at, actor_kind, actor_id, action, target, details, request_id
     FROM audit_log ${where} ORDER BY seq DESC LIMIT ?`,
    [...used.map(([, value]) => value), limit],
  );
  return rows.map((row) => ({ seq: Number(row.seq), entry: entryOf(row) }));
}

function entryOf(row: AuditRow): AuditEntry {
  return {
    id: row.id,
    at: isoInstant(Number(row.at)),
    tenant: row.tenant,
    actor: { kind: row.actor_kind, id: row.actor_id },
    action: row.action,
    target: row.target,
    details: JSON.parse(row.details),
    requestId: row.request_id === "" ? null : row.request_id,
  };
}
