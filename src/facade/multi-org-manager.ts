import type { Billing } from "../billing.ts";
import {
  type Actor,
  type OrganizationService,
  type Permission,
  ROLE_PERMISSIONS,
} from "../domain/organizations/index.ts";
import { invalidInput } from "../kernel/index.ts";
import { defaultBilling } from "./default-billing.ts";
import {
  invitationOf,
  type MembershipInvitation,
  type MembershipRole,
  membershipOf,
  type Organization,
  type OrganizationMembership,
  organizationOf,
  ownMembershipOf,
  type User,
  userOf,
} from "./organization-models.ts";

/** What the manager needs of a `Billing`. */
export interface OrganizingBilling {
  readonly organizations: OrganizationService;
}

/** The manager has no settings: what it needs is the engine's. */
export type MultiOrgManagerOptions = Readonly<Record<string, never>>;

/** In which organization a user works now, and what the user may do there. */
export interface OrganizationSwitch {
  readonly organization: Organization;
  readonly role: MembershipRole;
  readonly permissions: readonly Permission[];
}

/**
 * Organizations and their members: a preset of the engine in which an organization is a tenant. Every change says who
 * makes it (`ownerId`, `invitedBy`, `updatedBy`, `removedBy`: a user's id), is refused unless that user's role allows it,
 * and is in the audit log. All throw what `OrganizationService` throws.
 *
 * @example
 * const manager = getMultiOrgManager();
 * const org = await manager.createOrganization({ name: "Acme Corp", ownerId: "user_123" });
 * await manager.inviteMember({
 *   orgId: org.id, email: "colleague@acme.com", role: MembershipRole.ADMIN, invitedBy: "user_123",
 * });
 */
export class MultiOrgManager {
  readonly #organizations: OrganizationService;

  constructor(_options: MultiOrgManagerOptions = {}, billing: OrganizingBilling = defaultBilling()) {
    this.#organizations = billing.organizations;
  }

  /** Adds a user, or changes what is known of one. Give an address once the user has confirmed it. */
  async registerUser(user: { id: string; email?: string; name?: string }): Promise<User> {
    return userOf(await this.#organizations.putUser({ kind: "system", id: "multi_org_manager" }, user));
  }

  /** Adds an organization on the free tier, with its owner as its first member. */
  async createOrganization(input: { name: string; ownerId: string; slug?: string }): Promise<Organization> {
    const { name, ownerId, slug } = input;
    return organizationOf(
      await this.#organizations.createOrganization(acting(ownerId, "ownerId"), { name, ownerId, slug }),
    );
  }

  /** Invites an address for 7 days. Whoever has it accepts with the token of the answer. */
  async inviteMember(input: {
    orgId: string;
    email: string;
    role: MembershipRole;
    invitedBy: string;
  }): Promise<MembershipInvitation> {
    const { orgId, email, role, invitedBy } = input;
    const actor = acting(invitedBy, "invitedBy");
    return invitationOf(await this.#organizations.inviteMember(actor, orgId, { email, role }));
  }

  /** Makes a user with the invited address a member. Takes a seat. */
  async acceptInvitation(token: string, userId: string): Promise<OrganizationMembership> {
    return membershipOf(await this.#organizations.acceptInvitation(acting(userId, "userId"), token));
  }

  async getUserOrganizations(userId: string): Promise<Organization[]> {
    const own = await this.#organizations.organizationsOf(userId);
    return own.map(({ organization }) => organizationOf(organization));
  }

  async getUserMemberships(userId: string): Promise<OrganizationMembership[]> {
    const own = await this.#organizations.organizationsOf(userId);
    return own.map((membership) => ownMembershipOf(userId, membership));
  }

  /**
   * What a role may do.
   *
   * @throws BillingError invalid_input `unknown_role`.
   */
  getRolePermissions(role: MembershipRole): readonly Permission[] {
    if (Object.hasOwn(ROLE_PERMISSIONS, role)) return ROLE_PERMISSIONS[role];
    throw invalidInput("role", "unknown_role", "role must be one of MembershipRole");
  }

  /** Gives a member another role. */
  async updateRole(input: {
    orgId: string;
    userId: string;
    role: MembershipRole;
    updatedBy: string;
  }): Promise<OrganizationMembership> {
    const { orgId, userId, role, updatedBy } = input;
    const actor = acting(updatedBy, "updatedBy");
    return membershipOf(await this.#organizations.updateRole(actor, orgId, userId, role));
  }

  /** Removes a member, or lets one leave. */
  async removeMember(input: { orgId: string; userId: string; removedBy: string }): Promise<void> {
    const { orgId, userId, removedBy } = input;
    await this.#organizations.removeMember(acting(removedBy, "removedBy"), orgId, userId);
  }

  /** The organization that a user turns to, with what the user may do there as of now. */
  async switchContext(userId: string, orgId: string): Promise<OrganizationSwitch> {
    const { organization, role, permissions } = await this.#organizations.contextFor(userId, orgId);
    return { organization: organizationOf(organization), role, permissions };
  }
}

const managers = new WeakMap<Billing, MultiOrgManager>();

/** The manager of `defaultBilling()`: the same one at every call while that stays the default. */
export function getMultiOrgManager(): MultiOrgManager {
  const billing = defaultBilling();
  const present = managers.get(billing) ?? new MultiOrgManager({}, billing);
  managers.set(billing, present);
  return present;
}

function acting(user: string, field: string): Actor {
  if (typeof user === "string" && user !== "") return { kind: "user", id: user };
  throw invalidInput(field, "invalid_id", `${field} must be a user's id`);
}
