import { BillingError, type Clock, decodeCursor, type Ids, type Page } from "../../kernel/index.ts";
import type { Reader, Store, Tx } from "../../store/index.ts";
import { type PageQuery, pageLimit, pageOf } from "../audit/index.ts";
import { planOf, type SubscriptionTier } from "../plans/index.ts";
import { type Mutation, requireOperator, requirePermission } from "./access.ts";
import { type Actor, actsForInstallation, checkedActor } from "./actor.ts";
import { type BillingProfile, type BillingProfileInput, checkedProfile } from "./billing-profile.ts";
import { type Change, type ChangeContext, changeOrganization, record, type Seen, seenBy } from "./change.ts";
import { invitationsOf } from "./invitation-store.ts";
import { accept, type IssuedInvitation, invite, revoke } from "./invitations.ts";
import { changeRole, checkedRole, join, remove, requireMember } from "./members.ts";
import { membersOf, roleOf } from "./membership-store.ts";
import {
  addOrganization,
  checkedOrganization,
  claimAskedSlug,
  type NewOrganization,
} from "./new-organization.ts";
import {
  type InvitationView,
  invitationNotFound,
  type MemberView,
  type OrganizationContext,
  type OrganizationView,
  organizationNotFound,
  type PersonalData,
  type UserOrganization,
  type UserView,
  userNotFound,
  type WorkspaceView,
} from "./organization.ts";
import {
  organizationOf,
  organizationsAcrossTenants,
  organizationsOfUserAcrossTenants,
  releaseOtherSlugs,
  tenantWithSlugAcrossTenants,
  updateOrganization,
} from "./organization-store.ts";
import { erasePersonalData, personalData } from "./personal-data.ts";
import type { PersonalDataHolder } from "./personal-data-holder.ts";
import { type PlanKeeper, TIER_ALONE } from "./plan-keeper.ts";
import { profileOf, putProfile, SELLER } from "./profile-store.ts";
import { type MembershipRole, type Permission, ROLE_PERMISSIONS } from "./role.ts";
import type { SecureRandom } from "./secure-random.ts";
import { checkedSlug } from "./slug.ts";
import { emailOf, idOf, lineOf } from "./text-input.ts";
import {
  claimEmailAcrossTenants,
  ensureUserAcrossTenants,
  lockUserAcrossTenants,
  updateUserAcrossTenants,
  userAcrossTenants,
} from "./user-store.ts";
import { workspacesOf } from "./workspace-store.ts";
import { addWorkspace, changeWorkspace } from "./workspaces.ts";

export interface UserInput {
  readonly id: string;
  /** An address that the installation has confirmed. Absent: stays as it is. */
  readonly email?: string | undefined;
  readonly name?: string | undefined;
}

/**
 * Organizations, their people and workspaces.
 *
 * Every change names its actor first, then the organization. It is refused unless the actor's role allows it, made whole
 * or not at all, and on record in the audit log by the same transaction. Changes of one organization come one after
 * another, in every process. To outsiders an organization they are not in is one that does not exist.
 *
 * All changes throw BillingError not_found `organization_not_found`; forbidden `permission_denied`,
 * `organization_suspended`; failed_precondition `organization_erased`; invalid_input naming the field. What more they
 * throw is said at each.
 */
export class OrganizationService {
  readonly #context: ChangeContext;
  readonly #store: Store;
  readonly #clock: Clock;
  readonly #ids: Ids;
  readonly #random: SecureRandom;
  readonly #holders: readonly PersonalDataHolder[];
  readonly #plans: PlanKeeper;

  /**
   * @param parts `random` must be cryptographically secure: invitations rest on it. `holders` keep personal data of
   * organizations too, and erase it with them. `plans` keeps what they have bought; without it a tier is what an
   * operator says.
   */
  constructor(
    parts: ChangeContext & {
      readonly random: SecureRandom;
      readonly holders: readonly PersonalDataHolder[];
      readonly plans?: PlanKeeper | undefined;
    },
  ) {
    this.#context = parts;
    this.#store = parts.store;
    this.#clock = parts.clock;
    this.#ids = parts.ids;
    this.#random = parts.random;
    this.#holders = parts.holders;
    this.#plans = parts.plans ?? TIER_ALONE;
  }

  /**
   * Adds a user, or changes what is known of one. Operators only, for an invitation trusts the address.
   *
   * @throws BillingError conflict `email_taken`; failed_precondition `user_erased`.
   */
  async putUser(actor: Actor, input: UserInput): Promise<UserView> {
    requireOperator(checkedActor(actor));
    const id = idOf(input.id, "id");
    const email = input.email === undefined ? undefined : emailOf(input.email, "email");
    const name = input.name === undefined ? undefined : lineOf(input.name, "name", 200);
    return this.#store.transaction(async (tx) => {
      const at = this.#clock.now();
      const isNew = await ensureUserAcrossTenants(id, at, tx);
      await lockUserAcrossTenants(id, tx);
      const present = await requireUser(id, tx);
      if (present.erasedAt !== null) {
        throw new BillingError("failed_precondition", "user_erased", "this user was erased");
      }
      if (email !== undefined && !(await claimEmailAcrossTenants(id, email, tx))) {
        const text = "another user has this address";
        throw new BillingError("conflict", "email_taken", text, { details: { field: "email" } });
      }
      const next = { id, email: email ?? present.email ?? "", name: name ?? present.name ?? "" };
      await updateUserAcrossTenants(next, tx);
      const fields = Object.entries({ email, name }).flatMap(([field, value]) =>
        value === undefined ? [] : [field],
      );
      const action = isNew ? "user.created" : "user.updated";
      await this.#record(tx, { at, tenant: "", actor }, { action, target: id, details: { fields } });
      return requireUser(id, tx);
    });
  }

  /**
   * Adds an organization and makes its owner the first member. Users make their own, on `free`; operators any, also with
   * an id and a tier.
   *
   * @throws BillingError conflict `slug_taken`, `organization_exists`; limit_exceeded `organization_limit_reached`;
   * not_found `user_not_found` for an erased owner.
   * @example
   * const org = await billing.organizations.createOrganization({ kind: "user", id: "user_123" }, { name: "Acme Corp" });
   */
  async createOrganization(actor: Actor, input: NewOrganization): Promise<OrganizationView> {
    const checked = checkedOrganization(input, checkedActor(actor), () => this.#ids.next("org"));
    return this.#store.transaction((tx) =>
      addOrganization({ ...this.#context, plans: this.#plans }, actor, checked, tx),
    );
  }

  /** Renames an organization, or gives it another slug; the old one is free then. */
  async updateOrganization(
    actor: Actor,
    tenant: string,
    input: { readonly name?: string | undefined; readonly slug?: string | undefined },
  ): Promise<OrganizationView> {
    const name = input.name === undefined ? undefined : lineOf(input.name, "name", 200);
    const slug = input.slug === undefined ? undefined : checkedSlug(input.slug);
    return this.#change("updateOrganization", actor, tenant, async (change) => {
      const { tx, organization } = change;
      const next = { name: name ?? organization.name, slug: slug ?? organization.slug };
      if (next.slug !== organization.slug) await claimAskedSlug(tenant, next.slug, tx);
      await this.#update(change, next);
      await releaseOtherSlugs(tenant, next.slug, tx);
      const fields = Object.entries({ name, slug }).flatMap(([field, value]) =>
        value === undefined ? [] : [field],
      );
      change.note("organization.updated", tenant, { fields });
      return requireOrganization(tenant, tx);
    });
  }

  /**
   * Puts an organization on another tier by hand, at once: nothing is charged or given back for it. Members beyond its
   * seats stay; nobody joins until there is a seat.
   */
  setTier(actor: Actor, tenant: string, tier: SubscriptionTier): Promise<OrganizationView> {
    return this.#change("setTier", actor, tenant, async (change) => {
      const { tier: asked } = planOf(tier);
      await this.#plans.tierSet(change.tx, { tenant, at: change.at, actor, tier: asked });
      change.note("organization.tier_changed", tenant, { from: change.organization.tier, to: tier });
      return requireOrganization(tenant, change.tx);
    });
  }

  /** Makes an organization read-only for all but operators, at once. Its API keys are refused meanwhile. */
  suspend(actor: Actor, tenant: string): Promise<OrganizationView> {
    return this.#change("suspend", actor, tenant, async (change) => {
      await this.#update(change, { status: "suspended" });
      change.note("organization.suspended", tenant);
      return requireOrganization(tenant, change.tx);
    });
  }

  /** Ends a suspension. */
  resume(actor: Actor, tenant: string): Promise<OrganizationView> {
    return this.#change("resume", actor, tenant, async (change) => {
      await this.#update(change, { status: "active" });
      change.note("organization.resumed", tenant);
      return requireOrganization(tenant, change.tx);
    });
  }

  /** Sets to whom an organization's invoices are made out. */
  async setBillingProfile(actor: Actor, tenant: string, input: BillingProfileInput): Promise<BillingProfile> {
    const profile = checkedProfile(input);
    return this.#change("setBillingProfile", actor, tenant, async (change) => {
      await putProfile(tenant, profile, change.at, change.tx);
      change.note("billing_profile.updated", tenant, { fields: Object.keys(profile) });
      return (await profileOf(tenant, change.tx)) as BillingProfile;
    });
  }

  /** Sets whom every invoice is from. */
  async setSellerProfile(actor: Actor, input: BillingProfileInput): Promise<BillingProfile> {
    requireOperator(checkedActor(actor));
    const profile = checkedProfile(input);
    return this.#store.transaction(async (tx) => {
      const at = this.#clock.now();
      await putProfile(SELLER, profile, at, tx);
      const details = { fields: Object.keys(profile) };
      const note = { action: "seller_profile.updated", target: "seller", details };
      await this.#record(tx, { at, tenant: "", actor }, note);
      return (await profileOf(SELLER, tx)) as BillingProfile;
    });
  }

  /**
   * Makes a user a member without an invitation. A user not known yet is added, without an address.
   *
   * @throws BillingError conflict `already_member`; limit_exceeded `seat_limit_reached`, `organization_limit_reached`;
   * not_found `user_not_found` for an erased user.
   */
  async addMember(actor: Actor, tenant: string, user: string, role: MembershipRole): Promise<MemberView> {
    const [id, checked] = [idOf(user, "user"), checkedRole(role)];
    return this.#change("addMember", actor, tenant, async (change) => {
      await ensureUserAcrossTenants(id, change.at, change.tx);
      if ((await requireUser(id, change.tx)).erasedAt !== null) throw userNotFound();
      await join(change, this.#plans, { user: id, role: checked });
      change.note("member.added", id, { role: checked });
      return requireMember(change, id);
    });
  }

  /**
   * Gives a member another role: neither the old nor the new one may hold a permission that the actor lacks.
   *
   * @throws BillingError not_found `member_not_found`; forbidden `role_above_own`; failed_precondition `last_owner`.
   */
  async updateRole(actor: Actor, tenant: string, user: string, role: MembershipRole): Promise<MemberView> {
    const checked = checkedRole(role);
    return this.#change("updateRole", actor, tenant, (change) => changeRole(change, user, checked));
  }

  /**
   * Removes a member, or lets one leave. That the membership was stays on record.
   *
   * @throws BillingError not_found `member_not_found`; forbidden `role_above_own`; failed_precondition `last_owner`.
   */
  removeMember(actor: Actor, tenant: string, user: string): Promise<void> {
    const self = actor?.kind === "user" && actor.id === user;
    return this.#change("removeMember", actor, tenant, (change) => remove(change, user), self);
  }

  /**
   * Invites an address, for 7 days; an earlier invitation of it ends. It takes no seat until it is accepted. The token
   * is in this answer and nowhere else.
   *
   * @throws BillingError forbidden `role_above_own`; conflict `already_member`; limit_exceeded
   * `invitation_limit_reached`.
   */
  async inviteMember(
    actor: Actor,
    tenant: string,
    invitation: { readonly email: string; readonly role: MembershipRole },
  ): Promise<IssuedInvitation> {
    const checked = { email: emailOf(invitation.email, "email"), role: checkedRole(invitation.role) };
    return this.#change("inviteMember", actor, tenant, (change) => invite(change, this.#random, checked));
  }

  /**
   * Withdraws an invitation. Idempotent.
   *
   * @throws BillingError not_found `invitation_not_found`; failed_precondition `invitation_used`.
   */
  revokeInvitation(actor: Actor, tenant: string, id: string): Promise<InvitationView> {
    return this.#change("revokeInvitation", actor, tenant, (change) => revoke(change, id));
  }

  /**
   * Makes the acting user a member by an invitation to the user's own address. Once: of several at once one succeeds.
   *
   * @throws BillingError not_found `invitation_not_found` for a token that is none and for another address's alike;
   * failed_precondition `invitation_used`, `invitation_expired`, `invitation_revoked`; conflict `already_member`;
   * limit_exceeded `seat_limit_reached`, `organization_limit_reached`, after which the invitation is still open.
   */
  async acceptInvitation(actor: Actor, token: string): Promise<MemberView> {
    if (checkedActor(actor).kind !== "user" || typeof token !== "string") throw invitationNotFound();
    return this.#store.transaction((tx) =>
      accept({ ...this.#context, plans: this.#plans }, actor, token, tx),
    );
  }

  /**
   * Adds a workspace.
   *
   * @throws BillingError conflict `workspace_exists`.
   */
  async createWorkspace(
    actor: Actor,
    tenant: string,
    input: { readonly name: string; readonly id?: string | undefined },
  ): Promise<WorkspaceView> {
    const name = lineOf(input.name, "name", 200);
    const id = input.id === undefined ? this.#ids.next("ws") : idOf(input.id, "id");
    return this.#change("createWorkspace", actor, tenant, (change) => addWorkspace(change, { id, name }));
  }

  /** @throws BillingError not_found `workspace_not_found`. */
  async renameWorkspace(actor: Actor, tenant: string, id: string, name: string): Promise<WorkspaceView> {
    const next = { action: "workspace.renamed", name: lineOf(name, "name", 200) };
    return this.#change("renameWorkspace", actor, tenant, (change) => changeWorkspace(change, id, next));
  }

  /**
   * Ends the use of a workspace; its usage stays.
   *
   * @throws BillingError not_found `workspace_not_found`.
   */
  archiveWorkspace(actor: Actor, tenant: string, id: string): Promise<WorkspaceView> {
    const next = { action: "workspace.archived", status: "archived" } as const;
    return this.#change("archiveWorkspace", actor, tenant, (change) => changeWorkspace(change, id, next));
  }

  /** All that is kept of an organization's people, former members included; that it was given out is on record. */
  exportPersonalData(actor: Actor, tenant: string): Promise<PersonalData> {
    return this.#change("exportPersonalData", actor, tenant, personalData);
  }

  /**
   * Ends an organization and erases the personal data in it, for ever: its name, profile, invitations' addresses, and
   * the names and addresses of users who are in no other organization, its webhook endpoints, and the addresses that it
   * had notifications sent to. Ids, memberships as they were, usage and money stay.
   */
  erase(actor: Actor, tenant: string): Promise<void> {
    return this.#change("erase", actor, tenant, async (change) => {
      await this.#plans.erased(change.tx, { tenant, at: change.at, actor });
      await erasePersonalData(change, this.#holders);
    });
  }

  /**
   * What a user may do in an organization, as of now; in a suspended one that is looking on.
   *
   * @throws BillingError not_found `organization_not_found`: unknown, or the user is not in it.
   * @example
   * const { role, permissions } = await billing.organizations.contextFor("user_123", org.id);
   */
  contextFor(user: string, tenant: string): Promise<OrganizationContext> {
    return this.#store.read(async (reader) => {
      const { organization } = await seenBy(checkedActor({ kind: "user", id: user }), tenant, reader);
      const role = await roleOf(tenant, user, reader);
      if (role === undefined) throw organizationNotFound();
      return { organization, role, permissions: permissionsIn(organization, role) };
    });
  }

  /** The organizations of a user; erased ones are not among them. */
  organizationsOf(user: string): Promise<UserOrganization[]> {
    return this.#store.read((reader) => organizationsOfUserAcrossTenants(user, reader));
  }

  /** @throws BillingError not_found `organization_not_found`, as every read of an organization. */
  get(actor: Actor, tenant: string): Promise<OrganizationView> {
    return this.#look(actor, tenant, async ({ organization }) => organization);
  }

  /** @throws BillingError not_found `organization_not_found`. */
  async getBySlug(actor: Actor, slug: string): Promise<OrganizationView> {
    const tenant = await this.#store.read((reader) => tenantWithSlugAcrossTenants(slug, reader));
    if (tenant === undefined) throw organizationNotFound();
    return this.get(actor, tenant);
  }

  /** Every organization, by id. Operators only. */
  async listAcrossTenants(actor: Actor, query: PageQuery = {}): Promise<Page<OrganizationView>> {
    requireOperator(checkedActor(actor));
    const limit = pageLimit(query.limit);
    const after = positionOf(query) ?? "";
    const rows = await this.#store.read((reader) => organizationsAcrossTenants(after, limit + 1, reader));
    return pageOf(rows, limit, ({ id }) => [id], same);
  }

  /** A user: for operators and for the user. */
  async user(actor: Actor, id: string): Promise<UserView> {
    const isSelf = checkedActor(actor).kind === "user" && actor.id === id;
    if (!isSelf && !actsForInstallation(actor)) throw userNotFound();
    return this.#store.read((reader) => requireUser(id, reader));
  }

  /** Members, by user id. For every member. */
  members(actor: Actor, tenant: string, query: PageQuery = {}): Promise<Page<MemberView>> {
    return this.#look(actor, tenant, async (_, reader) => {
      const limit = pageLimit(query.limit);
      const rows = await membersOf(tenant, positionOf(query) ?? "", limit + 1, reader);
      return pageOf(rows, limit, ({ userId }) => [userId], same);
    });
  }

  /** Invitations, the latest first. For those who may invite. */
  invitations(actor: Actor, tenant: string, query: PageQuery = {}): Promise<Page<InvitationView>> {
    return this.#look(actor, tenant, async ({ standing }, reader) => {
      requirePermission(standing, ["members.invite"]);
      const limit = pageLimit(query.limit);
      const range = { before: positionOf(query), limit: limit + 1, now: this.#clock.now() };
      return pageOf(await invitationsOf(tenant, range, reader), limit, ({ id }) => [id], same);
    });
  }

  /** Workspaces by id, archived ones included. For every member. */
  workspaces(actor: Actor, tenant: string, query: PageQuery = {}): Promise<Page<WorkspaceView>> {
    return this.#look(actor, tenant, async (_, reader) => {
      const limit = pageLimit(query.limit);
      const rows = await workspacesOf(tenant, positionOf(query) ?? "", limit + 1, reader);
      return pageOf(rows, limit, ({ id }) => [id], same);
    });
  }

  /** To whom an organization's invoices are made out; null until that was set. For those who see its billing. */
  billingProfile(actor: Actor, tenant: string): Promise<BillingProfile | null> {
    return this.#look(actor, tenant, async ({ standing }, reader) => {
      requirePermission(standing, ["org.billing"]);
      return profileOf(tenant, reader);
    });
  }

  /** Whom invoices are from; null until that was set. It stands on every invoice, so it is no secret. */
  sellerProfile(): Promise<BillingProfile | null> {
    return this.#store.read((reader) => profileOf(SELLER, reader));
  }

  #change<T>(
    mutation: Mutation,
    actor: Actor,
    tenant: string,
    work: (change: Change) => Promise<T>,
    self = false,
  ): Promise<T> {
    return changeOrganization(this.#context, { mutation, actor, tenant, self }, work);
  }

  #look<T>(actor: Actor, tenant: string, work: (seen: Seen, reader: Reader) => Promise<T>): Promise<T> {
    return this.#store.read(async (reader) => {
      const seen = await seenBy(checkedActor(actor), tenant, reader);
      return work(seen, reader);
    });
  }

  #update({ tx, at, tenant, organization }: Change, changed: Partial<OrganizationView>): Promise<void> {
    return updateOrganization(tenant, { ...organization, ...changed, at }, tx);
  }

  #record(
    tx: Tx,
    where: { at: number; tenant: string; actor: Actor },
    note: { action: string; target: string; details: Readonly<Record<string, unknown>> },
  ): Promise<void> {
    return record(tx, { ids: this.#ids, ...where }, [note]);
  }
}

async function requireOrganization(tenant: string, reader: Reader): Promise<OrganizationView> {
  const organization = await organizationOf(tenant, reader);
  if (organization === undefined) throw organizationNotFound();
  return organization;
}

async function requireUser(id: string, reader: Reader): Promise<UserView> {
  const user = await userAcrossTenants(id, reader);
  if (user === undefined) throw userNotFound();
  return user;
}

function permissionsIn({ status }: OrganizationView, role: MembershipRole): readonly Permission[] {
  const permissions = ROLE_PERMISSIONS[role];
  return status === "active" ? permissions : permissions.filter((permission) => permission.endsWith(".view"));
}

function positionOf({ cursor }: PageQuery): string | undefined {
  return cursor === undefined ? undefined : String(decodeCursor(cursor, ["string"])[0]);
}

function same<T>(row: T): T {
  return row;
}
