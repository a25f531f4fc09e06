// The next reminder of each invoice that still has one.

import type { Reader, Tx } from "../../store/index.ts";

export interface Reminder {
  readonly tenant: string;
  readonly invoice: string;
  /** Days from the due date. */
  readonly step: number;
  /** When it is due, epoch ms. */
  readonly at: number;
}

export async function insertReminder({ tenant, invoice, step, at }: Reminder, tx: Tx): Promise<void> {
  await tx.run("INSERT INTO invoice_reminders (tenant, invoice, step, at) VALUES (?, ?, ?, ?)", [
    ...[tenant, invoice, step, at],
  ]);
}

export async function hasDueRemindersAcrossTenants(now: number, reader: Reader): Promise<boolean> {
  return (
    (await reader.get("SELECT 1 AS due FROM invoice_reminders WHERE at <= ? LIMIT 1", [now])) !== undefined
  );
}

/** What is due, the longest due first. */
export async function dueRemindersAcrossTenants(
  now: number,
  limit: number,
  reader: Reader,
): Promise<Reminder[]> {
  const rows = await reader.all<{ tenant: string; invoice: string; step: bigint; at: bigint }>(
    "SELECT tenant, invoice, step, at FROM invoice_reminders WHERE at <= ? ORDER BY at, tenant, invoice LIMIT ?",
    [now, limit],
  );
  return rows.map((row) => ({ ...row, step: Number(row.step), at: Number(row.at) }));
}

/** From one step to a later one. False: it was taken already. */
export async function moveReminder(
  { tenant, invoice, step }: Reminder,
  next: Pick<Reminder, "step" | "at">,
  tx: Tx,
): Promise<boolean> {
  const moved = await tx.run(
    "UPDATE invoice_reminders SET step = ?, at = ? WHERE tenant = ? AND invoice = ? AND step = ?",
    [next.step, next.at, tenant, invoice, step],
  );
  return moved === 1;
}

/** The last step is taken. False: it was taken already. */
export async function endReminders({ tenant, invoice, step }: Reminder, tx: Tx): Promise<boolean> {
  const ended = await tx.run("DELETE FROM invoice_reminders WHERE tenant = ? AND invoice = ? AND step = ?", [
    ...[tenant, invoice, step],
  ]);
  return ended === 1;
}
