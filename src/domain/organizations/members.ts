// Joining, leaving, and what one is meanwhile.

import { BillingError, invalidInput } from "../../kernel/index.ts";
import type { Tx } from "../../store/index.ts";
import { requirePermission } from "./access.ts";
import { actsForInstallation } from "./actor.ts";
import type { Change } from "./change.ts";
import { endMembership, insertMember, memberOf, roleOf, updateMemberRole } from "./membership-store.ts";
import {
  alreadyMember,
  lastOwner,
  type MemberView,
  memberNotFound,
  type OrganizationView,
  roleAboveOwn,
} from "./organization.ts";
import { countOwner, giveSeatBack, organizationOf, takeSeat, uncountOwner } from "./organization-store.ts";
import type { PlanKeeper } from "./plan-keeper.ts";
import { isPromotion, isRole, isWithin, type MembershipRole } from "./role.ts";
import { countMembershipAcrossTenants, uncountMembershipAcrossTenants } from "./user-store.ts";

/** In how many organizations one user may be. */
const MAX_ORGANIZATIONS = 10;

/** @throws BillingError invalid_input `unknown_role`. */
export function checkedRole(role: MembershipRole): MembershipRole {
  if (isRole(role)) return role;
  throw invalidInput("role", "unknown_role", "role must be one of owner, admin, member, viewer, billing");
}

/** @throws BillingError forbidden `role_above_own`. */
export function requireRoleWithin({ standing }: Change, role: MembershipRole): void {
  const isAllowed = actsForInstallation(standing.actor) || isWithin(role, standing.permissions);
  if (!isAllowed) throw roleAboveOwn();
}

/**
 * Makes a user a member: takes a seat of the plan of now, and one of the user's organizations.
 *
 * @throws BillingError conflict `already_member`; limit_exceeded `seat_limit_reached`, `organization_limit_reached`.
 */
export async function join(
  { tx, tenant, at }: Change,
  plans: PlanKeeper,
  { user, role }: { readonly user: string; readonly role: MembershipRole },
): Promise<void> {
  if ((await roleOf(tenant, user, tx)) !== undefined) throw alreadyMember();
  await plans.settle(tx, tenant);
  const { seats, tier } = (await organizationOf(tenant, tx)) as OrganizationView;
  if (!(await takeSeat(tenant, seats, role === "owner", tx))) {
    const text = `every seat of this organization is taken (${seats} on ${tier})`;
    throw new BillingError("limit_exceeded", "seat_limit_reached", text, { details: { seats } });
  }
  await takeOrganization(user, tx);
  await insertMember(tenant, { user, role, at }, tx);
}

/** @throws BillingError limit_exceeded `organization_limit_reached`. */
export async function takeOrganization(user: string, tx: Tx): Promise<void> {
  if (await countMembershipAcrossTenants(user, MAX_ORGANIZATIONS, tx)) return;
  const text = `a user can be in ${MAX_ORGANIZATIONS} organizations`;
  throw new BillingError("limit_exceeded", "organization_limit_reached", text);
}

/** @throws BillingError not_found, forbidden, failed_precondition: see `OrganizationService.updateRole`. */
export async function changeRole(change: Change, user: string, role: MembershipRole): Promise<MemberView> {
  const { tx, tenant, at, standing } = change;
  const member = await requireMember(change, user);
  if (member.role === role) return member;
  requirePermission(standing, [isPromotion(member.role, role) ? "members.promote" : "members.demote"]);
  requireRoleWithin(change, member.role);
  requireRoleWithin(change, role);
  if (member.role === "owner" && !(await uncountOwner(tenant, tx))) throw lastOwner();
  if (role === "owner") await countOwner(tenant, tx);
  await updateMemberRole(tenant, { user, role, at }, tx);
  change.note("member.role_changed", user, { from: member.role, to: role });
  return requireMember(change, user);
}

/** @throws BillingError not_found, forbidden, failed_precondition: see `OrganizationService.removeMember`. */
export async function remove(change: Change, user: string): Promise<void> {
  const { tx, tenant, at, standing } = change;
  const { role } = await requireMember(change, user);
  const isSelf = standing.actor.kind === "user" && standing.actor.id === user;
  if (!isSelf) requireRoleWithin(change, role);
  if (role === "owner" && !(await uncountOwner(tenant, tx))) throw lastOwner();
  await giveSeatBack(tenant, tx);
  await uncountMembershipAcrossTenants(user, tx);
  await endMembership(tenant, user, at, tx);
  change.note("member.removed", user, { role });
}

export async function requireMember({ tenant, tx }: Change, user: string): Promise<MemberView> {
  const member = await memberOf(tenant, user, tx);
  if (member === undefined) throw memberNotFound();
  return member;
}
