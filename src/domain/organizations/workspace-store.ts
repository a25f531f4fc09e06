import { isoInstant } from "../../kernel/index.ts";
import type { Reader, Tx } from "../../store/index.ts";
import type { WorkspaceView } from "./organization.ts";

interface WorkspaceRow {
  readonly tenant: string;
  readonly id: string;
  readonly name: string;
  readonly status: "active" | "archived";
  readonly created_at: bigint;
  readonly updated_at: bigint;
}

const COLUMNS = "tenant, id, name, status, created_at, updated_at";

export async function workspaceOf(
  tenant: string,
  id: string,
  reader: Reader,
): Promise<WorkspaceView | undefined> {
  const row = await reader.get<WorkspaceRow>(
    `SELECT ${COLUMNS} FROM workspaces WHERE tenant = ? AND id = ?`,
    [tenant, id],
  );
  return row === undefined ? undefined : viewOf(row);
}

/** Workspaces by id, after one; archived ones included. */
export async function workspacesOf(
  tenant: string,
  after: string,
  limit: number,
  reader: Reader,
): Promise<WorkspaceView[]> {
  const rows = await reader.all<WorkspaceRow>(
    `SELECT ${COLUMNS} FROM workspaces WHERE tenant = ? AND id > ? ORDER BY id LIMIT ?`,
    [tenant, after, limit],
  );
  return rows.map(viewOf);
}

export async function everyWorkspaceOf(tenant: string, reader: Reader): Promise<WorkspaceView[]> {
  const rows = await reader.all<WorkspaceRow>(
    `SELECT ${COLUMNS} FROM workspaces WHERE tenant = ? ORDER BY id`,
    [tenant],
  );
  return rows.map(viewOf);
}

/** Adds a workspace. False when the organization has one by this id. */
export async function insertWorkspace(
  tenant: string,
  { id, name, at }: { id: string; name: string; at: number },
  tx: Tx,
): Promise<boolean> {
  const added = await tx.run(
    `INSERT INTO workspaces (tenant, id, name, status, created_at, updated_at) VALUES (?, ?, ?, 'active', ?, ?)
     ON CONFLICT (tenant, id) DO NOTHING`,
    [tenant, id, name, at, at],
  );
  return added === 1;
}

export async function updateWorkspace(
  tenant: string,
  { id, name, status, at }: { id: string; name: string; status: WorkspaceView["status"]; at: number },
  tx: Tx,
): Promise<void> {
  await tx.run("UPDATE workspaces SET name = ?, status = ?, updated_at = ? WHERE tenant = ? AND id = ?", [
    name,
    status,
    at,
    tenant,
    id,
  ]);
}

function viewOf(row: WorkspaceRow): WorkspaceView {
  return {
    id: row.id,
    organizationId: row.tenant,
    name: row.name,
    status: row.status,
    createdAt: isoInstant(Number(row.created_at)),
    updatedAt: isoInstant(Number(row.updated_at)),
  };
}
