import { isoInstant } from "../../kernel/index.ts";
import type { Reader, Tx, Value } from "../../store/index.ts";
import { addressOfEndpoint, type EndpointView } from "./endpoint.ts";
import type { ListedRow, ListRange } from "./notification-store.ts";

interface EndpointRow {
  readonly id: string;
  readonly url: string;
  readonly description: string;
  readonly events: string;
  readonly enabled: bigint;
  readonly created_at: bigint;
  readonly updated_at: bigint;
}

/** What a call needs, the secret included. */
export interface CalledEndpoint {
  readonly url: string;
  readonly secret: string;
  readonly isEnabled: boolean;
}

/** Who wants which events. */
export interface Subscriber {
  readonly tenant: string;
  readonly id: string;
  readonly events: readonly string[];
}

// The secret is not even read.
const COLUMNS = "id, url, description, events, enabled, created_at, updated_at";
const DELIVERY =
  "seq, id, tenant, kind, recipient_type, recipient, payload, state, attempts, method, last_error, created_at, delivered_at, dead_after";

/** Counts one more endpoint of a tenant, unless there are `limit`. Changes of a tenant's endpoints wait for each other here. */
export async function countEndpoint(tenant: string, limit: number, tx: Tx): Promise<boolean> {
  const changed = await tx.run(
    `INSERT INTO webhook_endpoint_counts (tenant, endpoints) VALUES (?, 1)
     ON CONFLICT (tenant) DO UPDATE SET endpoints = webhook_endpoint_counts.endpoints + 1
     WHERE webhook_endpoint_counts.endpoints < ?`,
    [tenant, limit],
  );
  return changed === 1;
}

export async function uncountEndpoint(tenant: string, tx: Tx): Promise<void> {
  await tx.run("UPDATE webhook_endpoint_counts SET endpoints = endpoints - 1 WHERE tenant = ?", [tenant]);
}

/** Makes other changes of a tenant's endpoints wait until this transaction is over. */
export async function lockEndpoints(tenant: string, tx: Tx): Promise<void> {
  await tx.run("UPDATE webhook_endpoint_counts SET endpoints = endpoints WHERE tenant = ?", [tenant]);
}

export async function insertEndpoint(
  tenant: string,
  endpoint: Pick<EndpointView, "id" | "url" | "description" | "events" | "enabled"> & {
    readonly secret: string;
    readonly at: number;
  },
  tx: Tx,
): Promise<void> {
  const { id, url, description, events, enabled, secret, at } = endpoint;
  await tx.run(
    `INSERT INTO webhook_endpoints (tenant, id, url, description, events, enabled, secret, created_at, updated_at)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)`,
    [tenant, id, url, description ?? "", JSON.stringify(events), enabled ? 1 : 0, secret, at, at],
  );
}

export async function updateEndpoint(
  tenant: string,
  endpoint: Pick<EndpointView, "id" | "url" | "description" | "events" | "enabled"> & { readonly at: number },
  tx: Tx,
): Promise<void> {
  const { id, url, description, events, enabled, at } = endpoint;
  await tx.run(
    `UPDATE webhook_endpoints SET url = ?, description = ?, events = ?, enabled = ?, updated_at = ?
     WHERE tenant = ? AND id = ?`,
    [url, description ?? "", JSON.stringify(events), enabled ? 1 : 0, at, tenant, id],
  );
}

export async function putSecret(
  tenant: string,
  id: string,
  secret: string,
  at: number,
  tx: Tx,
): Promise<void> {
  await tx.run("UPDATE webhook_endpoints SET secret = ?, updated_at = ? WHERE tenant = ? AND id = ?", [
    secret,
    at,
    tenant,
    id,
  ]);
}

/** False when there was none. */
export async function deleteEndpoint(tenant: string, id: string, tx: Tx): Promise<boolean> {
  return (await tx.run("DELETE FROM webhook_endpoints WHERE tenant = ? AND id = ?", [tenant, id])) === 1;
}

/** Removes all endpoints of a tenant, and with them the addresses that its notifications went to or would go to. */
export async function eraseRecipients(tenant: string, at: number, tx: Tx): Promise<void> {
  await tx.run("DELETE FROM webhook_endpoints WHERE tenant = ?", [tenant]);
  await tx.run("UPDATE webhook_endpoint_counts SET endpoints = 0 WHERE tenant = ?", [tenant]);
  await tx.run(
    `UPDATE notifications SET recipient_type = 'none', recipient = '', secret = '',
       state = CASE WHEN state = 'pending' THEN 'dead' ELSE state END,
       last_error = CASE WHEN state = 'pending' THEN 'the organization was erased' ELSE last_error END,
       dead_after = CASE WHEN state = 'pending' THEN ? ELSE dead_after END
     WHERE tenant = ?`,
    [at, tenant],
  );
}

export async function endpointOf(
  tenant: string,
  id: string,
  reader: Reader,
): Promise<EndpointView | undefined> {
  const row = await reader.get<EndpointRow>(
    `SELECT ${COLUMNS} FROM webhook_endpoints WHERE tenant = ? AND id = ?`,
    [tenant, id],
  );
  return row === undefined ? undefined : viewOf(row);
}

/** A tenant's endpoints, by id. */
export async function endpointsOf(tenant: string, reader: Reader): Promise<EndpointView[]> {
  const rows = await reader.all<EndpointRow>(
    `SELECT ${COLUMNS} FROM webhook_endpoints WHERE tenant = ? ORDER BY id`,
    [tenant],
  );
  return rows.map(viewOf);
}

/** What a call to a tenant's endpoint needs. */
export async function endpointToCall(
  tenant: string,
  id: string,
  reader: Reader,
): Promise<CalledEndpoint | undefined> {
  const row = await reader.get<{ url: string; secret: string; enabled: bigint }>(
    "SELECT url, secret, enabled FROM webhook_endpoints WHERE tenant = ? AND id = ?",
    [tenant, id],
  );
  return row && { url: row.url, secret: row.secret, isEnabled: row.enabled === 1n };
}

/** The enabled endpoints of some tenants. */
export async function subscribersAcrossTenants(
  tenants: readonly string[],
  reader: Reader,
): Promise<Subscriber[]> {
  if (tenants.length === 0) return [];
  const rows = await reader.all<{ tenant: string; id: string; events: string }>(
    `SELECT tenant, id, events FROM webhook_endpoints
     WHERE tenant IN (${tenants.map(() => "?").join(", ")}) AND enabled = 1 ORDER BY tenant, id`,
    tenants,
  );
  return rows.map(({ tenant, id, events }) => ({ tenant, id, events: JSON.parse(events) as string[] }));
}

/** What an endpoint was or is to be sent, the newest first. */
export function deliveriesTo(
  tenant: string,
  endpoint: string,
  { state, before, limit }: ListRange,
  reader: Reader,
): Promise<ListedRow[]> {
  const filters: [condition: string, value: Value | undefined][] = [
    ["state = ?", state],
    ["seq < ?", before],
  ];
  const used = filters.filter((filter): filter is [string, Value] => filter[1] !== undefined);
  return reader.all<ListedRow>(
    `SELECT ${DELIVERY} FROM notifications WHERE tenant = ? AND recipient = ? AND recipient_type = 'webhook'
     ${used.map(([condition]) => `AND ${condition}`).join(" ")} ORDER BY seq DESC LIMIT ?`,
    [tenant, addressOfEndpoint(endpoint), ...used.map(([, value]) => value), limit],
  );
}

/** One of an endpoint's deliveries. */
export function deliveryTo(
  tenant: string,
  endpoint: string,
  id: string,
  reader: Reader,
): Promise<ListedRow | undefined> {
  return reader.get<ListedRow>(
    `SELECT ${DELIVERY} FROM notifications
     WHERE tenant = ? AND recipient = ? AND recipient_type = 'webhook' AND id = ?`,
    [tenant, addressOfEndpoint(endpoint), id],
  );
}

/** Makes a delivery that is over pending again; false while it is not over. */
export async function replayDelivery(
  tenant: string,
  id: string,
  deadAfter: number,
  tx: Tx,
): Promise<boolean> {
  const changed = await tx.run(
    `UPDATE notifications SET state = 'pending', attempts = 0, last_error = '', delivered_at = NULL, dead_after = ?
     WHERE tenant = ? AND id = ? AND state <> 'pending'`,
    [deadAfter, tenant, id],
  );
  return changed === 1;
}

function viewOf(row: EndpointRow): EndpointView {
  return {
    id: row.id,
    url: row.url,
    description: row.description || null,
    events: JSON.parse(row.events),
    enabled: row.enabled === 1n,
    createdAt: isoInstant(Number(row.created_at)),
    updatedAt: isoInstant(Number(row.updated_at)),
  };
}
