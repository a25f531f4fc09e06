// A lease makes one process at a time do a job. Its token grows with every change of hands, so a holder that slept past
// its end can be told from the present one.

import type { Tx } from "./tx.ts";

export interface LeaseRequest {
  readonly name: string;
  readonly owner: string;
  /** Epoch ms. */
  readonly now: number;
  readonly ttlMs: number;
}

/**
 * Takes the lease, or prolongs it for its present owner; one conditional statement, so two processes cannot both win.
 *
 * @returns the fencing token, or null while another owner holds the lease.
 */
export async function acquireLease(
  tx: Tx,
  { name, owner, now, ttlMs }: LeaseRequest,
): Promise<bigint | null> {
  const row = await tx.get<{ token: bigint }>(
    `INSERT INTO leases (name, owner, token, expires_at) VALUES (?, ?, 1, ?)
     ON CONFLICT (name) DO UPDATE SET
       token = leases.token + CASE WHEN leases.owner = excluded.owner THEN 0 ELSE 1 END,
       owner = excluded.owner,
       expires_at = excluded.expires_at
     WHERE leases.owner = excluded.owner OR leases.expires_at <= ?
     RETURNING token`,
    [name, owner, now + ttlMs, now],
  );
  return row?.token ?? null;
}

/** Ends the lease early. False when it was no longer this owner's. */
export async function releaseLease(tx: Tx, name: string, owner: string): Promise<boolean> {
  return (await tx.run("UPDATE leases SET expires_at = 0 WHERE name = ? AND owner = ?", [name, owner])) === 1;
}
