// What organizations hand out, and how they refuse.

import { BillingError } from "../../kernel/index.ts";
import type { SubscriptionTier } from "../plans/index.ts";
import type { BillingProfile } from "./billing-profile.ts";
import type { MembershipRole, Permission } from "./role.ts";

/** A suspended organization is read-only but for operators; of an erased one ids and money are left. */
export type OrganizationStatus = "active" | "suspended" | "erased";

/** An organization: a tenant, by the same id. */
export interface OrganizationView {
  readonly id: string;
  readonly name: string;
  readonly slug: string;
  readonly tier: SubscriptionTier;
  readonly status: OrganizationStatus;
  /** Members, each of whom takes a seat. */
  readonly members: number;
  readonly seats: number | "unlimited";
  readonly createdAt: string;
  readonly updatedAt: string;
}

/** A person. The installation vouches for the address: set it when it has been confirmed. */
export interface UserView {
  readonly id: string;
  readonly email: string | null;
  readonly name: string | null;
  readonly createdAt: string;
  readonly erasedAt: string | null;
}

export interface MemberView {
  readonly organizationId: string;
  readonly userId: string;
  readonly email: string | null;
  readonly name: string | null;
  readonly role: MembershipRole;
  readonly joinedAt: string;
  readonly updatedAt: string;
}

type InvitationStatus = "pending" | "accepted" | "revoked" | "expired";

/** An invitation, without its token. */
export interface InvitationView {
  readonly id: string;
  readonly organizationId: string;
  readonly email: string;
  readonly role: MembershipRole;
  readonly status: InvitationStatus;
  readonly invitedBy: { readonly kind: string; readonly id: string };
  /** Who accepted it. */
  readonly userId: string | null;
  readonly createdAt: string;
  readonly expiresAt: string;
}

export interface WorkspaceView {
  readonly id: string;
  readonly organizationId: string;
  readonly name: string;
  readonly status: "active" | "archived";
  readonly createdAt: string;
  readonly updatedAt: string;
}

/** An organization of a user's, and what the user is there. */
export interface UserOrganization {
  readonly organization: OrganizationView;
  readonly role: MembershipRole;
  readonly joinedAt: string;
}

/** Where a user is and may do what. */
export interface OrganizationContext {
  readonly organization: OrganizationView;
  readonly role: MembershipRole;
  readonly permissions: readonly Permission[];
}

/** All that is kept of the people of an organization. */
export interface PersonalData {
  readonly exportedAt: string;
  readonly organization: OrganizationView;
  readonly billingProfile: BillingProfile | null;
  /** Former members included. */
  readonly members: readonly (MemberView & { readonly status: "active" | "removed" })[];
  readonly invitations: readonly InvitationView[];
  readonly workspaces: readonly WorkspaceView[];
}

/** One answer, to the letter, for what is not there and for what is not the asker's to see. */
export function organizationNotFound(): BillingError {
  return new BillingError("not_found", "organization_not_found", "there is no such organization");
}

export function memberNotFound(): BillingError {
  return new BillingError("not_found", "member_not_found", "there is no such member of this organization");
}

export function invitationNotFound(): BillingError {
  return new BillingError("not_found", "invitation_not_found", "there is no such invitation");
}

export function workspaceNotFound(): BillingError {
  return new BillingError("not_found", "workspace_not_found", "there is no such workspace");
}

export function userNotFound(): BillingError {
  return new BillingError("not_found", "user_not_found", "there is no such user");
}

export function alreadyMember(): BillingError {
  return new BillingError("conflict", "already_member", "this user is a member of the organization already");
}

export function lastOwner(): BillingError {
  const text = "an organization keeps at least one owner: make somebody else owner first";
  return new BillingError("failed_precondition", "last_owner", text);
}

export function roleAboveOwn(): BillingError {
  return new BillingError("forbidden", "role_above_own", "this role may do what you may not");
}
