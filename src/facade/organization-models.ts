// The specification's models of people and organizations, and how the engine's records read as them.

import type {
  InvitationView,
  MemberView,
  OrganizationView,
  UserOrganization,
  UserView,
} from "../domain/organizations/index.ts";
import { MembershipRole } from "../domain/organizations/index.ts";
import type { SubscriptionTier } from "../domain/plans/index.ts";

export { MembershipRole };

/** How a membership stands. Pending and expired ones are invitations; suspended ones those of a suspended organization. */
export const MembershipStatus = Object.freeze({
  ACTIVE: "active",
  PENDING: "pending",
  SUSPENDED: "suspended",
  EXPIRED: "expired",
});
export type MembershipStatus = (typeof MembershipStatus)[keyof typeof MembershipStatus];

export interface User {
  readonly id: string;
  readonly email: string | null;
  readonly name: string | null;
  readonly isActive: boolean;
  readonly createdAt: Date;
}

export interface Organization {
  /** The tenant of its usage. */
  readonly id: string;
  readonly name: string;
  readonly slug: string;
  readonly tier: SubscriptionTier;
  readonly isSuspended: boolean;
  readonly members: number;
  readonly seats: number | "unlimited";
  readonly createdAt: Date;
  readonly updatedAt: Date;
}

export interface OrganizationMembership {
  readonly orgId: string;
  /** Null while it is an invitation. */
  readonly userId: string | null;
  readonly email: string | null;
  readonly role: MembershipRole;
  readonly status: MembershipStatus;
  /** When the user joined, or was invited. */
  readonly since: Date;
}

/** A pending membership, with what the invited user accepts it by. */
export interface MembershipInvitation extends OrganizationMembership {
  readonly id: string;
  /** For the invitation's mail. It is shown this once. */
  readonly token: string;
  readonly expiresAt: Date;
}

export function userOf({ id, email, name, createdAt, erasedAt }: UserView): User {
  return { id, email, name, isActive: erasedAt === null, createdAt: new Date(createdAt) };
}

export function organizationOf(view: OrganizationView): Organization {
  const { id, name, slug, tier, status, members, seats, createdAt, updatedAt } = view;
  return {
    ...{ id, name, slug, tier, members, seats },
    isSuspended: status !== "active",
    createdAt: new Date(createdAt),
    updatedAt: new Date(updatedAt),
  };
}

export function membershipOf({
  organizationId,
  userId,
  email,
  role,
  joinedAt,
}: MemberView): OrganizationMembership {
  const status = MembershipStatus.ACTIVE;
  return { orgId: organizationId, userId, email, role, status, since: new Date(joinedAt) };
}

export function ownMembershipOf(
  userId: string,
  { organization, role, joinedAt }: UserOrganization,
): OrganizationMembership {
  const status = organization.status === "active" ? MembershipStatus.ACTIVE : MembershipStatus.SUSPENDED;
  return { orgId: organization.id, userId, email: null, role, status, since: new Date(joinedAt) };
}

export function invitationOf(view: InvitationView & { readonly token: string }): MembershipInvitation {
  const { id, organizationId, email, role, createdAt, expiresAt, token } = view;
  return {
    ...{ id, orgId: organizationId, userId: null, email, role, token },
    status: MembershipStatus.PENDING,
    since: new Date(createdAt),
    expiresAt: new Date(expiresAt),
  };
}
