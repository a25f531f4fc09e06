import { isoInstant } from "../../kernel/index.ts";
import type { Reader, Tx } from "../../store/index.ts";
import { type Limit, type Plan, planOf, type SubscriptionTier } from "../plans/index.ts";
import type { OrganizationStatus, OrganizationView, UserOrganization } from "./organization.ts";
import type { MembershipRole } from "./role.ts";

interface OrganizationRow {
  readonly id: string;
  readonly name: string;
  readonly slug: string;
  readonly tier: SubscriptionTier;
  readonly plan_version: bigint;
  readonly status: OrganizationStatus;
  readonly members: bigint;
  readonly created_at: bigint;
  readonly updated_at: bigint;
}

const COLUMNS =
  "o.id, o.name, o.slug, o.tier, o.plan_version, o.status, o.members, o.created_at, o.updated_at";

/** An organization. */
export async function organizationOf(tenant: string, reader: Reader): Promise<OrganizationView | undefined> {
  const row = await reader.get<OrganizationRow>(`SELECT ${COLUMNS} FROM organizations o WHERE o.id = ?`, [
    tenant,
  ]);
  return row === undefined ? undefined : viewOf(row);
}

/** The id of the organization with a slug. */
export async function tenantWithSlugAcrossTenants(slug: string, reader: Reader): Promise<string | undefined> {
  const row = await reader.get<{ tenant: string }>("SELECT tenant FROM organization_slugs WHERE slug = ?", [
    slug,
  ]);
  return row?.tenant;
}

/** Organizations by id, after one. */
export async function organizationsAcrossTenants(
  after: string,
  limit: number,
  reader: Reader,
): Promise<OrganizationView[]> {
  const rows = await reader.all<OrganizationRow>(
    `SELECT ${COLUMNS} FROM organizations o WHERE o.id > ? ORDER BY o.id LIMIT ?`,
    [after, limit],
  );
  return rows.map(viewOf);
}

/** Where a user is an active member, by the organization's id. */
export async function organizationsOfUserAcrossTenants(
  user: string,
  reader: Reader,
): Promise<UserOrganization[]> {
  const rows = await reader.all<OrganizationRow & { role: MembershipRole; joined_at: bigint }>(
    `SELECT ${COLUMNS}, m.role, m.joined_at FROM memberships m JOIN organizations o ON o.id = m.tenant
     WHERE m.user_id = ? AND m.status = 'active' ORDER BY o.id`,
    [user],
  );
  return rows.map((row) => ({
    organization: viewOf(row),
    role: row.role,
    joinedAt: isoInstant(Number(row.joined_at)),
  }));
}

/** Locks an organization for the rest of the transaction: changes of it come one after another. False: there is none. */
export async function lockOrganization(tenant: string, tx: Tx): Promise<boolean> {
  return (await tx.run("UPDATE organizations SET version = version + 1 WHERE id = ?", [tenant])) === 1;
}

/** Adds an organization with one member, its owner. False when the id is taken. */
export async function insertOrganization(
  tenant: string,
  { name, slug, plan, at }: { name: string; slug: string; plan: Plan; at: number },
  tx: Tx,
): Promise<boolean> {
  const added = await tx.run(
    `INSERT INTO organizations
       (id, name, slug, tier, plan_version, status, members, owners, version, created_at, updated_at)
     VALUES (?, ?, ?, ?, ?, 'active', 1, 1, 0, ?, ?) ON CONFLICT (id) DO NOTHING`,
    [tenant, name, slug, plan.tier, plan.version, at, at],
  );
  return added === 1;
}

/** Takes a slug for an organization. False when it is taken. */
export async function claimSlug(tenant: string, slug: string, tx: Tx): Promise<boolean> {
  const added = await tx.run(
    "INSERT INTO organization_slugs (slug, tenant) VALUES (?, ?) ON CONFLICT (slug) DO NOTHING",
    [slug, tenant],
  );
  return added === 1;
}

/** Gives back every slug of an organization but one. */
export async function releaseOtherSlugs(tenant: string, slug: string, tx: Tx): Promise<void> {
  await tx.run("DELETE FROM organization_slugs WHERE tenant = ? AND slug <> ?", [tenant, slug]);
}

export async function updateOrganization(
  tenant: string,
  { name, slug, status, at }: { name: string; slug: string; status: OrganizationStatus; at: number },
  tx: Tx,
): Promise<void> {
  await tx.run("UPDATE organizations SET name = ?, slug = ?, status = ?, updated_at = ? WHERE id = ?", [
    name,
    slug,
    status,
    at,
    tenant,
  ]);
}

/** Puts an organization on a tier of a version of the plans: the only place where it changes. */
export async function putPlan(
  tenant: string,
  { tier, version, at }: { tier: SubscriptionTier; version: number; at: number },
  tx: Tx,
): Promise<void> {
  await tx.run("UPDATE organizations SET tier = ?, plan_version = ?, updated_at = ? WHERE id = ?", [
    tier,
    version,
    at,
    tenant,
  ]);
}

/** Takes a seat in one conditional step. False when all of them are taken. */
export async function takeSeat(tenant: string, seats: Limit, isOwner: boolean, tx: Tx): Promise<boolean> {
  const owners = isOwner ? 1 : 0;
  const changed =
    seats === "unlimited"
      ? await tx.run("UPDATE organizations SET members = members + 1, owners = owners + ? WHERE id = ?", [
          owners,
          tenant,
        ])
      : await tx.run(
          `UPDATE organizations SET members = members + 1, owners = owners + ?
           WHERE id = ? AND members < ?`,
          [owners, tenant, seats],
        );
  return changed === 1;
}

export async function giveSeatBack(tenant: string, tx: Tx): Promise<void> {
  await tx.run("UPDATE organizations SET members = members - 1 WHERE id = ?", [tenant]);
}

export async function countOwner(tenant: string, tx: Tx): Promise<void> {
  await tx.run("UPDATE organizations SET owners = owners + 1 WHERE id = ?", [tenant]);
}

/** Counts one owner less in one conditional step. False when it is the last one. */
export async function uncountOwner(tenant: string, tx: Tx): Promise<boolean> {
  const changed = await tx.run("UPDATE organizations SET owners = owners - 1 WHERE id = ? AND owners > 1", [
    tenant,
  ]);
  return changed === 1;
}

/** Leaves an organization without members, as erasing it does. */
export async function emptyOrganization(tenant: string, tx: Tx): Promise<void> {
  await tx.run("UPDATE organizations SET members = 0, owners = 0 WHERE id = ?", [tenant]);
}

function viewOf(row: OrganizationRow): OrganizationView {
  return {
    id: row.id,
    name: row.name,
    slug: row.slug,
    tier: row.tier,
    status: row.status,
    members: Number(row.members),
    seats: planOf(row.tier, Number(row.plan_version)).limits.usersPerOrg,
    createdAt: isoInstant(Number(row.created_at)),
    updatedAt: isoInstant(Number(row.updated_at)),
  };
}
