// What organizations have bought: a sum each, kept with the entries that make it.

import type { Reader, Tx } from "../../store/index.ts";

export type VolumeKind = "purchase" | "refund";

/** One change of a tenant's sum. */
export interface VolumeEntry {
  readonly kind: VolumeKind;
  readonly reference: string;
  /** Cents, above 0. */
  readonly amount: bigint;
  readonly spentAfter: bigint;
  readonly at: number;
}

export async function spentBy(tenant: string, reader: Reader): Promise<bigint> {
  const row = await reader.get<{ spent: bigint }>("SELECT spent FROM discount_volumes WHERE tenant = ?", [
    tenant,
  ]);
  return row?.spent ?? 0n;
}

/** Locks a tenant's sum for the rest of the transaction, and reads it: no purchase of the tenant is discounted meanwhile. */
export async function lockSpent(tenant: string, tx: Tx): Promise<bigint> {
  await tx.run(
    `INSERT INTO discount_volumes (tenant, spent) VALUES (?, 0)
     ON CONFLICT (tenant) DO UPDATE SET spent = discount_volumes.spent`,
    [tenant],
  );
  return spentBy(tenant, tx);
}

/** Changes a tenant's sum in one conditional step. False: it would go below zero. */
export async function changeSpent(tenant: string, change: bigint, tx: Tx): Promise<boolean> {
  const changed = await tx.run(
    "UPDATE discount_volumes SET spent = spent + ? WHERE tenant = ? AND spent + ? >= 0",
    [change, tenant, change],
  );
  return changed === 1;
}

export async function volumeEntry(
  tenant: string,
  { kind, reference }: Pick<VolumeEntry, "kind" | "reference">,
  reader: Reader,
): Promise<VolumeEntry | undefined> {
  const row = await reader.get<{ amount: bigint; spent_after: bigint; at: bigint }>(
    `SELECT amount, spent_after, at FROM discount_volume_entries
     WHERE tenant = ? AND kind = ? AND reference = ?`,
    [tenant, kind, reference],
  );
  return row && { kind, reference, amount: row.amount, spentAfter: row.spent_after, at: Number(row.at) };
}

export async function insertVolumeEntry(tenant: string, entry: VolumeEntry, tx: Tx): Promise<void> {
  const { kind, reference, amount, spentAfter, at } = entry;
  await tx.run(
    `INSERT INTO discount_volume_entries (tenant, kind, reference, amount, spent_after, at)
     VALUES (?, ?, ?, ?, ?, ?)`,
    [tenant, kind, reference, amount, spentAfter, at],
  );
}
