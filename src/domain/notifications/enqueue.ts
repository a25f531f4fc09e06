// The way in: a notification and its message in the outbox are written by the transaction that they tell of.

import { appendToOutbox, type Tx } from "../../store/index.ts";
import { endpointDeliveries } from "./endpoint-deliveries.ts";
import type { Notification } from "./notification.ts";
import { insertNotificationsAcrossTenants } from "./notification-store.ts";
import { DEAD_AFTER_MS } from "./schedule.ts";

/** The topic of the outbox under which notifications wait. */
export const TOPIC = "notification";

/**
 * Writes notifications inside the caller's transaction: they will be sent exactly if it commits. One statement per
 * table, and another one when a dedup key was taken already; that notification is then not written.
 *
 * `dueAt` is when delivery may begin, for a caller who tries first itself.
 *
 * @returns the ids that were written.
 * @example
 * const alert = newNotification({ kind: "budget_alert", tenant, dedupKey: `b_1:2025-03:80`, payload }, ids);
 * await enqueueNotifications(tx, [alert], clock.now());
 */
export async function enqueueNotifications(
  tx: Tx,
  notifications: readonly Notification[],
  now: number,
  dueAt: number = now,
): Promise<ReadonlySet<string>> {
  const written = await write(tx, notifications, now, dueAt);
  await write(tx, await endpointDeliveries(tx, written), now, now);
  return new Set(written.map(({ id }) => id));
}

async function write(
  tx: Tx,
  notifications: readonly Notification[],
  now: number,
  dueAt: number,
): Promise<readonly Notification[]> {
  const written = await insertNotificationsAcrossTenants(tx, notifications, now, now + DEAD_AFTER_MS);
  const messages = written.map(({ id, tenant }) => ({ topic: TOPIC, tenant, payload: messageOf(id) }));
  if (messages.length > 0) await appendToOutbox(tx, messages, dueAt);
  return written;
}

/** The payload of a notification's message in the outbox: JSON text. */
export function messageOf(id: string): string {
  return JSON.stringify(id);
}
