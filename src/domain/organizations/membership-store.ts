import { isoInstant } from "../../kernel/index.ts";
import type { Reader, Tx } from "../../store/index.ts";
import type { MemberView, PersonalData } from "./organization.ts";
import type { MembershipRole } from "./role.ts";

interface MemberRow {
  readonly tenant: string;
  readonly user_id: string;
  readonly email: string;
  readonly name: string;
  readonly role: MembershipRole;
  readonly status: "active" | "removed";
  readonly joined_at: bigint;
  readonly updated_at: bigint;
}

const SELECT = `SELECT m.tenant, m.user_id, u.email, u.name, m.role, m.status, m.joined_at, m.updated_at
  FROM memberships m JOIN users u ON u.id = m.user_id`;

/** The role of an active member. */
export async function roleOf(
  tenant: string,
  user: string,
  reader: Reader,
): Promise<MembershipRole | undefined> {
  const row = await reader.get<{ role: MembershipRole }>(
    "SELECT role FROM memberships WHERE tenant = ? AND user_id = ? AND status = 'active'",
    [tenant, user],
  );
  return row?.role;
}

/** An active member. */
export async function memberOf(
  tenant: string,
  user: string,
  reader: Reader,
): Promise<MemberView | undefined> {
  const row = await reader.get<MemberRow>(
    `${SELECT} WHERE m.tenant = ? AND m.user_id = ? AND m.status = 'active'`,
    [tenant, user],
  );
  return row === undefined ? undefined : viewOf(row);
}

/** Active members by user id, after one. */
export async function membersOf(
  tenant: string,
  after: string,
  limit: number,
  reader: Reader,
): Promise<MemberView[]> {
  const rows = await reader.all<MemberRow>(
    `${SELECT} WHERE m.tenant = ? AND m.status = 'active' AND m.user_id > ? ORDER BY m.user_id LIMIT ?`,
    [tenant, after, limit],
  );
  return rows.map(viewOf);
}

/** Everybody who is or was a member, by user id. */
export async function everyMemberOf(tenant: string, reader: Reader): Promise<PersonalData["members"]> {
  const rows = await reader.all<MemberRow>(`${SELECT} WHERE m.tenant = ? ORDER BY m.user_id`, [tenant]);
  return rows.map((row) => ({ ...viewOf(row), status: row.status }));
}

/** Whether an address is that of an active member. */
export async function isMemberAddress(tenant: string, email: string, reader: Reader): Promise<boolean> {
  const row = await reader.get(
    `SELECT 1 AS found FROM user_emails e JOIN memberships m ON m.user_id = e.user_id
     WHERE e.email = ? AND m.tenant = ? AND m.status = 'active'`,
    [email, tenant],
  );
  return row !== undefined;
}

/** Makes a user an active member, for the first time or again. */
export async function insertMember(
  tenant: string,
  { user, role, at }: { user: string; role: MembershipRole; at: number },
  tx: Tx,
): Promise<void> {
  await tx.run(
    `INSERT INTO memberships (tenant, user_id, role, status, joined_at, updated_at) VALUES (?, ?, ?, 'active', ?, ?)
     ON CONFLICT (tenant, user_id) DO UPDATE
     SET role = excluded.role, status = 'active', joined_at = excluded.joined_at, updated_at = excluded.updated_at`,
    [tenant, user, role, at, at],
  );
}

export async function updateMemberRole(
  tenant: string,
  { user, role, at }: { user: string; role: MembershipRole; at: number },
  tx: Tx,
): Promise<void> {
  await tx.run("UPDATE memberships SET role = ?, updated_at = ? WHERE tenant = ? AND user_id = ?", [
    role,
    at,
    tenant,
    user,
  ]);
}

/** Ends a membership; that it was stays on record. */
export async function endMembership(tenant: string, user: string, at: number, tx: Tx): Promise<void> {
  await tx.run("UPDATE memberships SET status = 'removed', updated_at = ? WHERE tenant = ? AND user_id = ?", [
    at,
    tenant,
    user,
  ]);
}

function viewOf(row: MemberRow): MemberView {
  return {
    organizationId: row.tenant,
    userId: row.user_id,
    email: row.email || null,
    name: row.name || null,
    role: row.role,
    joinedAt: isoInstant(Number(row.joined_at)),
    updatedAt: isoInstant(Number(row.updated_at)),
  };
}
