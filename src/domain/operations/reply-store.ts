import type { Reader, Tx } from "../../store/index.ts";

/** Which request an answer belongs to. */
export interface ReplyKey {
  readonly keyId: string;
  readonly idempotencyKey: string;
}

export interface StoredReply {
  readonly fingerprint: string;
  /** 0 while the work is under way. */
  readonly status: number;
  readonly body: string;
  /** Epoch ms. */
  readonly createdAt: number;
  readonly claimedUntil: number;
}

interface ReplyRow {
  readonly fingerprint: string;
  readonly status: bigint;
  readonly body: string;
  readonly created_at: bigint;
  readonly claimed_until: bigint;
}

/** Takes the key for a request; false when it is taken. Waits for a transaction that is just taking it. */
export async function claimReply(
  tenant: string,
  { keyId, idempotencyKey }: ReplyKey,
  claim: Omit<StoredReply, "status" | "body">,
  tx: Tx,
): Promise<boolean> {
  const { fingerprint, createdAt, claimedUntil } = claim;
  const added = await tx.run(
    `INSERT INTO request_replies
       (tenant, key_id, idempotency_key, fingerprint, status, body, created_at, claimed_until)
     VALUES (?, ?, ?, ?, 0, '', ?, ?) ON CONFLICT (tenant, key_id, idempotency_key) DO NOTHING`,
    [tenant, keyId, idempotencyKey, fingerprint, createdAt, claimedUntil],
  );
  return added === 1;
}

/** Takes over work whose claim has ended, or prolongs one's own: whoever names the present end gets it. */
export async function moveClaim(
  tenant: string,
  { keyId, idempotencyKey }: ReplyKey,
  { from, to }: { readonly from: number; readonly to: number },
  tx: Tx,
): Promise<boolean> {
  const moved = await tx.run(
    `UPDATE request_replies SET claimed_until = ?
     WHERE tenant = ? AND key_id = ? AND idempotency_key = ? AND status = 0 AND claimed_until = ?`,
    [to, tenant, keyId, idempotencyKey, from],
  );
  return moved === 1;
}

/** Stores the answer under a claim; false when there is one already. */
export async function storeReply(
  tenant: string,
  { keyId, idempotencyKey }: ReplyKey,
  { status, body }: Pick<StoredReply, "status" | "body">,
  tx: Tx,
): Promise<boolean> {
  const stored = await tx.run(
    `UPDATE request_replies SET status = ?, body = ?
     WHERE tenant = ? AND key_id = ? AND idempotency_key = ? AND status = 0`,
    [status, body, tenant, keyId, idempotencyKey],
  );
  return stored === 1;
}

/** Gives a key back whose work failed. */
export async function dropClaim(tenant: string, key: ReplyKey, claimedUntil: number, tx: Tx): Promise<void> {
  await tx.run(
    `DELETE FROM request_replies
     WHERE tenant = ? AND key_id = ? AND idempotency_key = ? AND status = 0 AND claimed_until = ?`,
    [tenant, key.keyId, key.idempotencyKey, claimedUntil],
  );
}

export async function findReply(
  tenant: string,
  { keyId, idempotencyKey }: ReplyKey,
  reader: Reader,
): Promise<StoredReply | undefined> {
  const row = await reader.get<ReplyRow>(
    `SELECT fingerprint, status, body, created_at, claimed_until FROM request_replies
     WHERE tenant = ? AND key_id = ? AND idempotency_key = ?`,
    [tenant, keyId, idempotencyKey],
  );
  return (
    row && {
      fingerprint: row.fingerprint,
      status: Number(row.status),
      body: row.body,
      createdAt: Number(row.created_at),
      claimedUntil: Number(row.claimed_until),
    }
  );
}

/** Whether any answer is older than `before`. */
export async function hasOldReplyAcrossTenants(before: number, reader: Reader): Promise<boolean> {
  const row = await reader.get("SELECT 1 AS one FROM request_replies WHERE created_at < ? LIMIT 1", [before]);
  return row !== undefined;
}

/** Removes up to `limit` answers older than `before`; returns how many. */
export function removeOldRepliesAcrossTenants(before: number, limit: number, tx: Tx): Promise<number> {
  return tx.run(
    `DELETE FROM request_replies WHERE (tenant, key_id, idempotency_key) IN (
       SELECT tenant, key_id, idempotency_key FROM request_replies WHERE created_at < ? LIMIT ?)`,
    [before, limit],
  );
}
