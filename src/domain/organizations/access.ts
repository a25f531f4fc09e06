// Who may change what. The one place: the service looks here, docs/organizations.md shows it, and a test compares both.

import { BillingError } from "../../kernel/index.ts";
import { type Actor, actsForInstallation } from "./actor.ts";
import { type MembershipRole, type Permission, ROLE_PERMISSIONS } from "./role.ts";

/**
 * A permission (of several: any), the installation's operators only, oneself (whose organization or membership it will
 * be), or whoever has a permission or is oneself.
 */
export type Rule =
  | { readonly any: readonly Permission[]; readonly orSelf?: true }
  | { readonly only: "operator" | "self" | "self or operator" };

/** Every mutation of organizations. */
export const MUTATIONS = Object.freeze({
  putUser: { only: "operator" },
  createOrganization: { only: "self or operator" },
  updateOrganization: { any: ["org.update"] },
  setTier: { only: "operator" },
  suspend: { only: "operator" },
  resume: { only: "operator" },
  setBillingProfile: { any: ["org.billing"] },
  setSellerProfile: { only: "operator" },
  addMember: { only: "operator" },
  updateRole: { any: ["members.promote", "members.demote"] },
  removeMember: { any: ["members.remove"], orSelf: true },
  inviteMember: { any: ["members.invite"] },
  revokeInvitation: { any: ["members.invite"] },
  acceptInvitation: { only: "self" },
  createWorkspace: { any: ["org.settings"] },
  renameWorkspace: { any: ["org.settings"] },
  archiveWorkspace: { any: ["org.settings"] },
  exportPersonalData: { any: ["org.delete"] },
  erase: { any: ["org.delete"] },
} as const satisfies Readonly<Record<string, Rule>>);

export type Mutation = keyof typeof MUTATIONS;

/** What somebody is in one organization. */
export interface Standing {
  readonly actor: Actor;
  /** Null for operators and keys. */
  readonly role: MembershipRole | null;
  readonly permissions: readonly Permission[];
}

const NOBODY: readonly Permission[] = [];
const READ_SCOPES = ["organizations:read", "organizations:write", "*"];
const WRITE_SCOPES = ["organizations:write", "*"];

/**
 * The standing of an actor in an organization; undefined for those who must not even learn that it exists.
 *
 * @param role of the actor's membership there, if the actor is a user with one.
 */
export function standingOf(
  actor: Actor,
  tenant: string,
  role: MembershipRole | undefined,
): Standing | undefined {
  if (actsForInstallation(actor)) return { actor, role: null, permissions: ROLE_PERMISSIONS.owner };
  if (actor.kind === "key") {
    if (actor.tenant !== tenant || !hasAny(actor.scopes, READ_SCOPES)) return undefined;
    const permissions = hasAny(actor.scopes, WRITE_SCOPES) ? ROLE_PERMISSIONS.admin : NOBODY;
    return { actor, role: null, permissions };
  }
  return role === undefined ? undefined : { actor, role, permissions: ROLE_PERMISSIONS[role] };
}

/**
 * Lets a change of an existing organization pass, or not.
 *
 * @param self whether the change is about the actor's own membership.
 * @throws BillingError forbidden `permission_denied`.
 */
export function requireAccess(standing: Standing, rule: Rule, self: boolean): void {
  if (actsForInstallation(standing.actor)) return;
  if ("any" in rule) {
    if (rule.orSelf && self) return;
    requirePermission(standing, rule.any);
  } else {
    throw denied(null);
  }
}

/** @throws BillingError forbidden `permission_denied` without any of the permissions. */
export function requirePermission({ permissions }: Standing, needed: readonly Permission[]): void {
  if (!needed.some((permission) => permissions.includes(permission))) throw denied(needed);
}

/** @throws BillingError forbidden `permission_denied` for anybody but operators and the system. */
export function requireOperator(actor: Actor): void {
  if (!actsForInstallation(actor)) throw denied(null);
}

/** What those are told who may see an organization but not do this to it. */
export function denied(needed: readonly Permission[] | null): BillingError {
  const who = needed === null ? "an operator of the installation" : `a role with ${needed.join(" or ")}`;
  return new BillingError("forbidden", "permission_denied", `this takes ${who}`, {
    details: { permissions: needed ?? [] },
  });
}

function hasAny(scopes: readonly string[], wanted: readonly string[]): boolean {
  return scopes.some((scope) => wanted.includes(scope));
}
