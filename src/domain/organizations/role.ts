/** What a member of an organization is. */
export const MembershipRole = Object.freeze({
  OWNER: "owner",
  ADMIN: "admin",
  MEMBER: "member",
  VIEWER: "viewer",
  BILLING: "billing",
});
export type MembershipRole = (typeof MembershipRole)[keyof typeof MembershipRole];

const DEBATES = ["debates.create", "debates.view", "debates.delete"] as const;
const ADMINISTRATION = [
  "org.update",
  "org.settings",
  "members.invite",
  "members.remove",
  "api.access",
  "audit.view",
] as const;
const OWNERSHIP = ["org.delete", "org.billing", "members.promote", "members.demote"] as const;

export type Permission =
  | (typeof DEBATES)[number]
  | (typeof ADMINISTRATION)[number]
  | (typeof OWNERSHIP)[number];

/** What each role may do. */
export const ROLE_PERMISSIONS: Readonly<Record<MembershipRole, readonly Permission[]>> = Object.freeze({
  owner: Object.freeze([...OWNERSHIP, ...ADMINISTRATION, ...DEBATES]),
  admin: Object.freeze([...ADMINISTRATION, ...DEBATES]),
  member: Object.freeze(["debates.create", "debates.view", "api.access"] as const),
  viewer: Object.freeze(["debates.view"] as const),
  billing: Object.freeze(["org.billing", "debates.view"] as const),
});

const RANK: readonly MembershipRole[] = ["viewer", "billing", "member", "admin", "owner"];

export function isRole(value: unknown): value is MembershipRole {
  return typeof value === "string" && Object.hasOwn(ROLE_PERMISSIONS, value);
}

/** Whether the change is a promotion rather than a demotion. */
export function isPromotion(from: MembershipRole, to: MembershipRole): boolean {
  return RANK.indexOf(to) > RANK.indexOf(from);
}

/**
 * Whether a role lies within what somebody may do. Nobody gives, changes or takes a role that holds a permission they
 * lack: so an admin cannot make an owner, nor somebody for billing.
 */
export function isWithin(role: MembershipRole, permissions: readonly Permission[]): boolean {
  return ROLE_PERMISSIONS[role].every((permission) => permissions.includes(permission));
}
