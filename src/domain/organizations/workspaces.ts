import { BillingError } from "../../kernel/index.ts";
import type { Change } from "./change.ts";
import { type WorkspaceView, workspaceNotFound } from "./organization.ts";
import { insertWorkspace, updateWorkspace, workspaceOf } from "./workspace-store.ts";

/** @throws BillingError conflict `workspace_exists`. */
export async function addWorkspace(
  change: Change,
  { id, name }: { id: string; name: string },
): Promise<WorkspaceView> {
  const { tx, tenant, at } = change;
  if (!(await insertWorkspace(tenant, { id, name, at }, tx))) {
    throw new BillingError("conflict", "workspace_exists", "the organization has a workspace by this id", {
      details: { field: "id" },
    });
  }
  change.note("workspace.created", id);
  return requireWorkspace(change, id);
}

/** @throws BillingError not_found `workspace_not_found`. */
export async function changeWorkspace(
  change: Change,
  id: string,
  { action, ...next }: { action: string; name?: string; status?: WorkspaceView["status"] },
): Promise<WorkspaceView> {
  const { tx, tenant, at } = change;
  const present = await requireWorkspace(change, id);
  await updateWorkspace(tenant, { ...present, ...next, at }, tx);
  change.note(action, id);
  return requireWorkspace(change, id);
}

async function requireWorkspace({ tenant, tx }: Change, id: string): Promise<WorkspaceView> {
  const workspace = await workspaceOf(tenant, id, tx);
  if (workspace === undefined) throw workspaceNotFound();
  return workspace;
}
