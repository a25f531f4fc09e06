// Work that must happen after a commit is a row written by that commit. Delivery is at least once: a worker claims due
// rows for a while, and a row that nobody completes in that time comes back.

import type { Store } from "./store.ts";
import type { Tx } from "./tx.ts";

export interface OutboxMessage {
  readonly topic: string;
  readonly tenant: string;
  /** JSON text. */
  readonly payload: string;
}

export interface ClaimedMessage extends OutboxMessage {
  readonly seq: bigint;
  /** Claims so far, this one included. */
  readonly attempts: number;
}

export interface Claim {
  readonly topic: string;
  readonly owner: string;
  readonly limit: number;
  /** Epoch ms. */
  readonly now: number;
  readonly leaseMs: number;
}

/** Writes messages in the caller's transaction: they exist exactly if its other writes do. */
export async function appendToOutbox(tx: Tx, messages: readonly OutboxMessage[], now: number): Promise<void> {
  await tx.many(
    "INSERT INTO outbox (topic, tenant, payload, created_at, due_at) VALUES (?, ?, ?, ?, ?)",
    messages.map(({ topic, tenant, payload }) => [topic, tenant, payload, now, now]),
  );
}

/** Takes up to `limit` due messages, oldest first, for `leaseMs`; no other owner gets them meanwhile. */
export function claimFromOutbox(store: Store, claim: Claim): Promise<ClaimedMessage[]> {
  return store.transaction(async (tx) => {
    const lock = tx.dialect === "postgres" ? "FOR UPDATE SKIP LOCKED" : "";
    const rows = await tx.all<OutboxMessage & { seq: bigint; attempts: bigint }>(
      `SELECT seq, topic, tenant, payload, attempts FROM outbox
       WHERE topic = ? AND due_at <= ? ORDER BY due_at, seq LIMIT ? ${lock}`,
      [claim.topic, claim.now, claim.limit],
    );
    for (const { seq } of rows) {
      await tx.run("UPDATE outbox SET attempts = attempts + 1, claimed_by = ?, due_at = ? WHERE seq = ?", [
        claim.owner,
        claim.now + claim.leaseMs,
        seq,
      ]);
    }
    return rows.map((row) => ({ ...row, attempts: Number(row.attempts) + 1 }));
  });
}

/** Removes a message that was delivered. False when the claim was lost to another owner. */
export async function completeInOutbox(tx: Tx, seq: bigint, owner: string): Promise<boolean> {
  return (await tx.run("DELETE FROM outbox WHERE seq = ? AND claimed_by = ?", [seq, owner])) === 1;
}

/** Gives a message back, due again at `dueAt`. False when the claim was lost to another owner. */
export async function releaseToOutbox(
  tx: Tx,
  release: { readonly seq: bigint; readonly owner: string; readonly dueAt: number; readonly error: string },
): Promise<boolean> {
  const changed = await tx.run(
    "UPDATE outbox SET claimed_by = '', due_at = ?, last_error = ? WHERE seq = ? AND claimed_by = ?",
    [release.dueAt, release.error, release.seq, release.owner],
  );
  return changed === 1;
}
