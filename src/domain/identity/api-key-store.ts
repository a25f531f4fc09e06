import { isoInstant } from "../../kernel/index.ts";
import type { Operation, Reader, Tx } from "../../store/index.ts";
import type { ApiKeyView } from "./api-key.ts";

interface KeyRow {
  readonly tenant: string;
  readonly id: string;
  readonly prefix: string;
  readonly secret_hash: string;
  readonly name: string;
  readonly scopes: string;
  readonly networks: string;
  readonly created_by_kind: string;
  readonly created_by: string;
  readonly created_at: bigint;
  readonly expires_at: bigint | null;
  readonly last_used_at: bigint | null;
  readonly revoked_at: bigint | null;
}

/** A key as `authenticate` needs it. */
export interface StoredKey {
  readonly view: ApiKeyView;
  readonly hash: string;
  /** Epoch ms; null is never. */
  readonly expiresAt: number | null;
  readonly lastUsedAt: number | null;
  readonly isRevoked: boolean;
}

export interface KeyRange {
  readonly before: string | undefined;
  readonly limit: number;
}

export interface KeyUse {
  readonly tenant: string;
  readonly id: string;
  readonly at: number;
}

const COLUMNS = `tenant, id, prefix, secret_hash, name, scopes, networks, created_by_kind, created_by, created_at,
  expires_at, last_used_at, revoked_at`;
/** A use is noted when the last one noted is that old. */
export const NOTED_EVERY_MS = 60_000;

/** Keys with a prefix: whoever shows one names no tenant. Two may share it, so this is a list. */
export async function keysWithPrefixAcrossTenants(prefix: string, reader: Reader): Promise<StoredKey[]> {
  const rows = await reader.all<KeyRow>(`SELECT ${COLUMNS} FROM api_keys WHERE prefix = ? ORDER BY id`, [
    prefix,
  ]);
  return rows.map((row) => ({
    view: viewOf(row),
    hash: row.secret_hash,
    expiresAt: row.expires_at === null ? null : Number(row.expires_at),
    lastUsedAt: row.last_used_at === null ? null : Number(row.last_used_at),
    isRevoked: row.revoked_at !== null,
  }));
}

/** A key by its id, whoever it belongs to: the caller checks who asks. */
export async function keyAcrossTenants(id: string, reader: Reader): Promise<ApiKeyView | undefined> {
  const row = await reader.get<KeyRow>(`SELECT ${COLUMNS} FROM api_keys WHERE id = ?`, [id]);
  return row === undefined ? undefined : viewOf(row);
}

/** Keys of a tenant ('' is operators'), the latest id first. */
export async function keysOf(
  tenant: string,
  { before, limit }: KeyRange,
  reader: Reader,
): Promise<ApiKeyView[]> {
  const rows = await reader.all<KeyRow>(
    `SELECT ${COLUMNS} FROM api_keys WHERE tenant = ? ${before === undefined ? "" : "AND id < ?"}
     ORDER BY id DESC LIMIT ?`,
    before === undefined ? [tenant, limit] : [tenant, before, limit],
  );
  return rows.map(viewOf);
}

/** Every key, the latest id first. */
export async function keysAcrossTenants({ before, limit }: KeyRange, reader: Reader): Promise<ApiKeyView[]> {
  const rows = await reader.all<KeyRow>(
    `SELECT ${COLUMNS} FROM api_keys ${before === undefined ? "" : "WHERE id < ?"} ORDER BY id DESC LIMIT ?`,
    before === undefined ? [limit] : [before, limit],
  );
  return rows.map(viewOf);
}

export async function insertKey(
  tenant: string,
  key: {
    readonly id: string;
    readonly prefix: string;
    readonly hash: string;
    readonly name: string;
    readonly scopes: readonly string[];
    readonly networks: readonly string[];
    readonly createdBy: { readonly kind: string; readonly id: string };
    readonly at: number;
    readonly expiresAt: number | null;
  },
  tx: Tx,
): Promise<void> {
  await tx.run(
    `INSERT INTO api_keys (tenant, id, prefix, secret_hash, name, scopes, networks, created_by_kind, created_by,
       created_at, expires_at)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
    [
      tenant,
      key.id,
      key.prefix,
      key.hash,
      key.name,
      JSON.stringify(key.scopes),
      JSON.stringify(key.networks),
      key.createdBy.kind,
      key.createdBy.id,
      key.at,
      key.expiresAt,
    ],
  );
}

/** Ends a key. False when it had ended already. */
export async function revokeKey(tenant: string, id: string, at: number, tx: Tx): Promise<boolean> {
  const changed = await tx.run(
    "UPDATE api_keys SET revoked_at = ? WHERE tenant = ? AND id = ? AND revoked_at IS NULL",
    [at, tenant, id],
  );
  return changed === 1;
}

/** Whether there ever was an operator's key. */
export async function hasOperatorKey(reader: Reader): Promise<boolean> {
  return (await reader.get("SELECT 1 AS found FROM api_keys WHERE tenant = '' LIMIT 1")) !== undefined;
}

/** Claims what an installation does once, in one step. False when it was done, or another process is at it. */
export async function claimOnce(name: string, at: number, tx: Tx): Promise<boolean> {
  const added = await tx.run("INSERT INTO done_once (name, at) VALUES (?, ?) ON CONFLICT (name) DO NOTHING", [
    name,
    at,
  ]);
  return added === 1;
}

/** Notes when keys were used; shares the commit of others. Sorted, so that two processes lock rows in one order. */
export const noteKeyUses: Operation<KeyUse, void> = {
  name: "API key uses",
  size: () => 1,
  async apply(tx, uses) {
    const sorted = [...uses].sort((a, b) => (a.id < b.id ? -1 : a.id > b.id ? 1 : a.at - b.at));
    await tx.each(
      `UPDATE api_keys SET last_used_at = ?
       WHERE tenant = ? AND id = ? AND (last_used_at IS NULL OR last_used_at <= ?)`,
      sorted.map(({ tenant, id, at }) => [at, tenant, id, at - NOTED_EVERY_MS]),
    );
    return uses.map(() => undefined);
  },
};

function viewOf(row: KeyRow): ApiKeyView {
  return {
    id: row.id,
    kind: row.tenant === "" ? "operator" : "tenant",
    tenant: row.tenant || null,
    name: row.name,
    prefix: `ara_${row.prefix}`,
    scopes: JSON.parse(row.scopes),
    networks: JSON.parse(row.networks),
    createdBy: { kind: row.created_by_kind, id: row.created_by },
    createdAt: isoInstant(Number(row.created_at)),
    expiresAt: instantOrNull(row.expires_at),
    lastUsedAt: instantOrNull(row.last_used_at),
    revokedAt: instantOrNull(row.revoked_at),
  };
}

function instantOrNull(ms: bigint | null): string | null {
  return ms === null ? null : isoInstant(Number(ms));
}
