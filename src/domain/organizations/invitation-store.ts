import { isoInstant } from "../../kernel/index.ts";
import type { Reader, Tx } from "../../store/index.ts";
import type { InvitationView } from "./organization.ts";
import type { MembershipRole } from "./role.ts";

interface InvitationRow {
  readonly tenant: string;
  readonly id: string;
  readonly email: string;
  readonly role: MembershipRole;
  readonly status: "pending" | "accepted" | "revoked";
  readonly invited_by_kind: string;
  readonly invited_by: string;
  readonly user_id: string;
  readonly created_at: bigint;
  readonly expires_at: bigint;
}

export interface NewInvitation {
  readonly id: string;
  readonly email: string;
  readonly role: MembershipRole;
  /** SHA-256 of the token. */
  readonly tokenHash: string;
  readonly invitedBy: { readonly kind: string; readonly id: string };
  readonly at: number;
  readonly expiresAt: number;
}

const COLUMNS =
  "tenant, id, email, role, status, invited_by_kind, invited_by, user_id, created_at, expires_at";

/** An invitation, as it is at `now`. */
export async function invitationOf(
  tenant: string,
  id: string,
  now: number,
  reader: Reader,
): Promise<InvitationView | undefined> {
  const row = await reader.get<InvitationRow>(
    `SELECT ${COLUMNS} FROM organization_invitations WHERE tenant = ? AND id = ?`,
    [tenant, id],
  );
  return row === undefined ? undefined : viewOf(row, now);
}

/** The invitation of a token: who holds it names no tenant. */
export async function invitationWithTokenAcrossTenants(
  tokenHash: string,
  now: number,
  reader: Reader,
): Promise<InvitationView | undefined> {
  const row = await reader.get<InvitationRow>(
    `SELECT ${COLUMNS} FROM organization_invitations WHERE token_hash = ?`,
    [tokenHash],
  );
  return row === undefined ? undefined : viewOf(row, now);
}

/** Invitations, the latest id first, before one. */
export async function invitationsOf(
  tenant: string,
  { before, limit, now }: { before: string | undefined; limit: number; now: number },
  reader: Reader,
): Promise<InvitationView[]> {
  const rows = await reader.all<InvitationRow>(
    `SELECT ${COLUMNS} FROM organization_invitations
     WHERE tenant = ? ${before === undefined ? "" : "AND id < ?"} ORDER BY id DESC LIMIT ?`,
    before === undefined ? [tenant, limit] : [tenant, before, limit],
  );
  return rows.map((row) => viewOf(row, now));
}

/** Every invitation there ever was. */
export async function everyInvitationOf(
  tenant: string,
  now: number,
  reader: Reader,
): Promise<InvitationView[]> {
  const rows = await reader.all<InvitationRow>(
    `SELECT ${COLUMNS} FROM organization_invitations WHERE tenant = ? ORDER BY id`,
    [tenant],
  );
  return rows.map((row) => viewOf(row, now));
}

/** How many invitations could be accepted now. */
export async function openInvitations(tenant: string, now: number, reader: Reader): Promise<number> {
  const row = await reader.get<{ open: bigint }>(
    `SELECT COUNT(*) AS open FROM organization_invitations
     WHERE tenant = ? AND status = 'pending' AND expires_at > ?`,
    [tenant, now],
  );
  return Number(row?.open ?? 0n);
}

export async function insertInvitation(tenant: string, invitation: NewInvitation, tx: Tx): Promise<void> {
  const { id, email, role, tokenHash, invitedBy, at, expiresAt } = invitation;
  await tx.run(
    `INSERT INTO organization_invitations
       (tenant, id, email, role, token_hash, status, invited_by_kind, invited_by, user_id, created_at, expires_at)
     VALUES (?, ?, ?, ?, ?, 'pending', ?, ?, '', ?, ?)`,
    [tenant, id, email, role, tokenHash, invitedBy.kind, invitedBy.id, at, expiresAt],
  );
}

/** Uses an invitation up, in one conditional step. False when it was used, revoked or is too old. */
export async function markAccepted(
  tenant: string,
  { id, user, at }: { id: string; user: string; at: number },
  tx: Tx,
): Promise<boolean> {
  const changed = await tx.run(
    `UPDATE organization_invitations SET status = 'accepted', user_id = ?, settled_at = ?
     WHERE tenant = ? AND id = ? AND status = 'pending' AND expires_at > ?`,
    [user, at, tenant, id, at],
  );
  return changed === 1;
}

/** Revokes an invitation that is still open. False when it is not. */
export async function revokeInvitation(tenant: string, id: string, at: number, tx: Tx): Promise<boolean> {
  const changed = await tx.run(
    `UPDATE organization_invitations SET status = 'revoked', settled_at = ?
     WHERE tenant = ? AND id = ? AND status = 'pending'`,
    [at, tenant, id],
  );
  return changed === 1;
}

/** Revokes what is open for an address; a newer invitation takes its place. */
export async function revokeInvitationsTo(tenant: string, email: string, at: number, tx: Tx): Promise<void> {
  await tx.run(
    `UPDATE organization_invitations SET status = 'revoked', settled_at = ?
     WHERE tenant = ? AND email = ? AND status = 'pending'`,
    [at, tenant, email],
  );
}

/** Ends every invitation and takes the addresses out of them. */
export async function eraseInvitations(tenant: string, at: number, tx: Tx): Promise<void> {
  await tx.run(
    `UPDATE organization_invitations SET status = 'revoked', settled_at = ?
     WHERE tenant = ? AND status = 'pending'`,
    [at, tenant],
  );
  await tx.run("UPDATE organization_invitations SET email = '' WHERE tenant = ?", [tenant]);
}

function viewOf(row: InvitationRow, now: number): InvitationView {
  const isExpired = row.status === "pending" && Number(row.expires_at) <= now;
  return {
    id: row.id,
    organizationId: row.tenant,
    email: row.email,
    role: row.role,
    status: isExpired ? "expired" : row.status,
    invitedBy: { kind: row.invited_by_kind, id: row.invited_by },
    userId: row.user_id || null,
    createdAt: isoInstant(Number(row.created_at)),
    expiresAt: isoInstant(Number(row.expires_at)),
  };
}
