import type { Reader, Tx, Value } from "../../store/index.ts";
import type { Notification, StoredKind } from "./notification.ts";
import type { Payload } from "./payload.ts";
import type { Recipient } from "./recipient.ts";

/** `pending`: still tried. `delivered`. `dead`: given up, until somebody retries it. */
export type NotificationState = "pending" | "delivered" | "dead";

/** How a notification went, or was last tried. */
export type NotificationMethod = "email" | "webhook" | "log";

/** A notification as delivery needs it, its secret included. */
export interface StoredNotification extends Omit<Notification, "dedupKey" | symbol> {
  readonly state: NotificationState;
  readonly attempts: number;
  readonly createdAt: number;
  readonly deadAfter: number;
}

/** A row as lists show it: the secret is not even read. */
export interface ListedRow {
  readonly seq: bigint;
  readonly id: string;
  readonly tenant: string;
  readonly kind: StoredKind;
  readonly recipient_type: string;
  readonly recipient: string;
  readonly payload: string;
  readonly state: NotificationState;
  readonly attempts: bigint;
  readonly method: NotificationMethod | "";
  readonly last_error: string;
  readonly created_at: bigint;
  readonly delivered_at: bigint | null;
  readonly dead_after: bigint;
}

/** What one try changes in a notification. */
export type TryResult =
  | { readonly state: "delivered"; readonly method: NotificationMethod; readonly at: number }
  | { readonly state: "pending"; readonly method: NotificationMethod; readonly error: string }
  | { readonly state: "dead"; readonly method: NotificationMethod; readonly error: string };

const LISTED =
  "seq, id, tenant, kind, recipient_type, recipient, payload, state, attempts, method, last_error, created_at, delivered_at, dead_after";
const INSERT = `INSERT INTO notifications (id, tenant, kind, recipient_type, recipient, secret, payload, dedup_key,
    state, attempts, method, last_error, created_at, dead_after)
  VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING`;

/** Inserts notifications in one statement; returns those that were new, since a dedup key is taken once per tenant. */
export async function insertNotificationsAcrossTenants(
  tx: Tx,
  notifications: readonly Notification[],
  now: number,
  deadAfter: number,
): Promise<readonly Notification[]> {
  if (notifications.length === 0) return [];
  const sorted = [...notifications].sort(byKey);
  const inserted = await tx.many(
    INSERT,
    sorted.map((notification) => rowOf(notification, now, deadAfter)),
  );
  if (inserted === sorted.length) return sorted;
  const present = new Set<string>();
  for (const ids of chunksOf(sorted.map(({ id }) => id))) {
    const rows = await tx.all<{ id: string }>(
      `SELECT id FROM notifications WHERE id IN (${ids.map(() => "?").join(", ")})`,
      ids,
    );
    for (const { id } of rows) present.add(id);
  }
  return sorted.filter(({ id }) => present.has(id));
}

/** The row that a message of the outbox is in, by when it is due. */
export async function outboxSeqAcrossTenants(
  reader: Reader,
  message: { readonly topic: string; readonly payload: string; readonly dueAt: number },
): Promise<bigint | undefined> {
  const row = await reader.get<{ seq: bigint }>(
    "SELECT seq FROM outbox WHERE topic = ? AND due_at = ? AND payload = ?",
    [message.topic, message.dueAt, message.payload],
  );
  return row?.seq;
}

/** Whether any message of a topic is due. */
export async function isOutboxDueAcrossTenants(reader: Reader, topic: string, now: number): Promise<boolean> {
  const row = await reader.get("SELECT seq FROM outbox WHERE topic = ? AND due_at <= ? LIMIT 1", [
    topic,
    now,
  ]);
  return row !== undefined;
}

/** The notifications with these ids, secrets included, by id. */
export async function notificationsToSendAcrossTenants(
  reader: Reader,
  ids: readonly string[],
): Promise<ReadonlyMap<string, StoredNotification>> {
  const found = new Map<string, StoredNotification>();
  for (const chunk of chunksOf(ids)) {
    const rows = await reader.all<ListedRow & { secret: string }>(
      `SELECT ${LISTED}, secret FROM notifications WHERE id IN (${chunk.map(() => "?").join(", ")})`,
      chunk,
    );
    for (const row of rows) found.set(row.id, storedOf(row));
  }
  return found;
}

/** A tenant's notification with a dedup key. */
export function notificationWithKey(
  tenant: string,
  dedupKey: string,
  reader: Reader,
): Promise<ListedRow | undefined> {
  return reader.get<ListedRow>(`SELECT ${LISTED} FROM notifications WHERE tenant = ? AND dedup_key = ?`, [
    tenant,
    dedupKey,
  ]);
}

/** One notification, whoever's it is. */
export function notificationAcrossTenants(reader: Reader, id: string): Promise<ListedRow | undefined> {
  return reader.get<ListedRow>(`SELECT ${LISTED} FROM notifications WHERE id = ?`, [id]);
}

/** Notes a try. A delivered one needs its secret no more. */
export async function recordTry(tenant: string, id: string, result: TryResult, tx: Tx): Promise<void> {
  if (result.state === "delivered") {
    await tx.run(
      `UPDATE notifications SET state = 'delivered', attempts = attempts + 1, method = ?, last_error = '',
         delivered_at = ?, secret = '' WHERE tenant = ? AND id = ? AND state <> 'delivered'`,
      [result.method, result.at, tenant, id],
    );
    return;
  }
  await tx.run(
    `UPDATE notifications SET state = ?, attempts = attempts + 1, method = ?, last_error = ?${forgetting(result.state)}
     WHERE tenant = ? AND id = ? AND state = 'pending'`,
    [result.state, result.method, result.error, tenant, id],
  );
}

/** A mail that is given up takes its token with it; an endpoint's secret is needed again when somebody retries. */
function forgetting(state: NotificationState): string {
  return state === "dead" ? ", secret = CASE WHEN kind = 'account' THEN '' ELSE secret END" : "";
}

/** Gives up a notification that was not even tried, with its last reason. */
export async function giveUp(tenant: string, id: string, error: string, tx: Tx): Promise<void> {
  await tx.run(
    `UPDATE notifications SET state = 'dead', last_error = ?${forgetting("dead")}
     WHERE tenant = ? AND id = ? AND state = 'pending'`,
    [error, tenant, id],
  );
}

/** Makes a dead notification pending; false when it is not dead. */
export async function reviveAcrossTenants(tx: Tx, id: string, deadAfter: number): Promise<boolean> {
  const changed = await tx.run(
    "UPDATE notifications SET state = 'pending', attempts = 0, dead_after = ? WHERE id = ? AND state = 'dead'",
    [deadAfter, id],
  );
  return changed === 1;
}

/** Where a page begins, and what it may hold. */
export interface ListRange {
  readonly state?: NotificationState | undefined;
  readonly before?: number | undefined;
  readonly limit: number;
}

/** A tenant's notifications, the newest first. */
export function notificationsOf(tenant: string, range: ListRange, reader: Reader): Promise<ListedRow[]> {
  return listed(reader, range, ["tenant = ?"], [tenant]);
}

/** Everybody's notifications, the newest first. */
export function notificationsAcrossTenants(reader: Reader, range: ListRange): Promise<ListedRow[]> {
  return listed(reader, range, [], []);
}

function listed(
  reader: Reader,
  { state, before, limit }: ListRange,
  conditions: string[],
  values: Value[],
): Promise<ListedRow[]> {
  if (state !== undefined) {
    conditions.push("state = ?");
    values.push(state);
  }
  if (before !== undefined) {
    conditions.push("seq < ?");
    values.push(before);
  }
  const where = conditions.length === 0 ? "" : `WHERE ${conditions.join(" AND ")}`;
  return reader.all<ListedRow>(`SELECT ${LISTED} FROM notifications ${where} ORDER BY seq DESC LIMIT ?`, [
    ...values,
    limit,
  ]);
}

function rowOf(notification: Notification, now: number, deadAfter: number): Value[] {
  const { id, tenant, kind, recipient, payload, dedupKey } = notification;
  const [type, address, secret] = addressOf(recipient);
  const text = JSON.stringify(payload);
  return [id, tenant, kind, type, address, secret, text, dedupKey, "pending", 0, "", "", now, deadAfter];
}

function addressOf(recipient: Recipient | null): [type: string, address: string, secret: string] {
  if (recipient === null) return ["none", "", ""];
  if ("email" in recipient) return ["email", recipient.email, recipient.token ?? ""];
  return ["webhook", recipient.webhook, recipient.secret ?? ""];
}

function storedOf(row: ListedRow & { readonly secret: string }): StoredNotification {
  return {
    id: row.id,
    tenant: row.tenant,
    kind: row.kind,
    recipient: recipientOf(row),
    payload: JSON.parse(row.payload) as Payload,
    state: row.state,
    attempts: Number(row.attempts),
    createdAt: Number(row.created_at),
    deadAfter: Number(row.dead_after),
  };
}

function recipientOf(row: ListedRow & { readonly secret: string }): Recipient | null {
  if (row.recipient_type === "email") {
    return { email: row.recipient, ...(row.secret === "" ? {} : { token: row.secret }) };
  }
  if (row.recipient_type !== "webhook") return null;
  return { webhook: row.recipient, ...(row.secret === "" ? {} : { secret: row.secret }) };
}

/** The order in which everybody takes the locks of dedup keys. */
function byKey(a: Notification, b: Notification): number {
  const [left, right] = [`${a.tenant}\0${a.dedupKey ?? ""}`, `${b.tenant}\0${b.dedupKey ?? ""}`];
  if (left !== right) return left < right ? -1 : 1;
  return a.id < b.id ? -1 : 1;
}

function chunksOf(ids: readonly string[]): string[][] {
  const chunks: string[][] = [];
  for (let start = 0; start < ids.length; start += IDS_AT_ONCE)
    chunks.push(ids.slice(start, start + IDS_AT_ONCE));
  return chunks;
}

const IDS_AT_ONCE = 100;
