import { BillingError, type Ids, invalidInput } from "../../kernel/index.ts";
import type { Tx } from "../../store/index.ts";
import { type Plan, planOf, SubscriptionTier } from "../plans/index.ts";
import { denied } from "./access.ts";
import { type Actor, actsForInstallation } from "./actor.ts";
import { type ChangeContext, record } from "./change.ts";
import { takeOrganization } from "./members.ts";
import { insertMember } from "./membership-store.ts";
import { type OrganizationView, userNotFound } from "./organization.ts";
import { claimSlug, insertOrganization, organizationOf } from "./organization-store.ts";
import type { PlanKeeper } from "./plan-keeper.ts";
import { checkedSlug, slugFrom, slugWith } from "./slug.ts";
import { idOf, lineOf } from "./text-input.ts";
import { ensureUserAcrossTenants, userAcrossTenants } from "./user-store.ts";

export interface NewOrganization {
  readonly name: string;
  /** Who will own it: the acting user, where that is one. A user not known yet is added, without an address. */
  readonly ownerId?: string | undefined;
  /** Default: made from the name, with something behind it where that is taken. */
  readonly slug?: string | undefined;
  /** Operators only: the tenant of usage recorded so far. Default: a new id. */
  readonly id?: string | undefined;
  /** Operators only. Default `free`. */
  readonly tier?: SubscriptionTier | undefined;
}

interface CheckedOrganization {
  readonly name: string;
  readonly owner: string;
  readonly slug: string | undefined;
  readonly id: string;
  readonly plan: Plan;
}

/** @throws BillingError invalid_input naming the field; forbidden `permission_denied`. */
export function checkedOrganization(
  input: NewOrganization,
  actor: Actor,
  newId: () => string,
): CheckedOrganization {
  const { name, slug, id, tier = SubscriptionTier.FREE } = input;
  const isOperator = actsForInstallation(actor);
  const ownerId = input.ownerId ?? (actor.kind === "user" ? actor.id : undefined);
  if (ownerId === undefined) throw invalidInput("ownerId", "owner_required", "name who will own it: ownerId");
  const isOwn = actor.kind === "user" && actor.id === ownerId;
  if (!isOperator && (!isOwn || id !== undefined || tier !== SubscriptionTier.FREE)) throw denied(null);
  return {
    name: lineOf(name, "name", 200),
    owner: idOf(ownerId, "ownerId"),
    slug: slug === undefined ? undefined : checkedSlug(slug),
    id: id === undefined ? newId() : idOf(id, "id"),
    plan: planOf(tier),
  };
}

/** @throws BillingError: see `OrganizationService.createOrganization`. */
export async function addOrganization(
  { clock, ids, plans }: ChangeContext & { readonly plans: PlanKeeper },
  actor: Actor,
  { name, owner, slug: asked, id, plan }: CheckedOrganization,
  tx: Tx,
): Promise<OrganizationView> {
  const at = clock.now();
  const slug = await takeSlug(id, asked ?? null, { name, ids }, tx);
  if (!(await insertOrganization(id, { name, slug, plan, at }, tx))) {
    throw new BillingError("conflict", "organization_exists", "there is an organization by this id", {
      details: { field: "id" },
    });
  }
  await ensureUserAcrossTenants(owner, at, tx);
  if ((await userAcrossTenants(owner, tx))?.erasedAt !== null) throw userNotFound();
  await takeOrganization(owner, tx);
  await insertMember(id, { user: owner, role: "owner", at }, tx);
  const { tier } = plan;
  const details = { owner, tier };
  await record(tx, { ids, at, tenant: id, actor }, [{ action: "organization.created", target: id, details }]);
  await plans.created(tx, { tenant: id, at, actor, tier });
  return (await organizationOf(id, tx)) as OrganizationView;
}

/** Claims the slug that was asked for, or one made from the name; returns it. */
async function takeSlug(
  tenant: string,
  asked: string | null,
  { name, ids }: { name: string; ids: Ids },
  tx: Tx,
): Promise<string> {
  const slug = asked ?? slugFrom(name);
  if (asked === null) {
    const candidates = [slug, ...["2", "3", "4", "5"].map((suffix) => slugWith(slug, suffix))];
    for (const candidate of candidates) if (await claimSlug(tenant, candidate, tx)) return candidate;
  }
  const last = asked ?? slugWith(slug, ids.next("slug").slice(-12));
  await claimAskedSlug(tenant, last, tx);
  return last;
}

/** @throws BillingError conflict `slug_taken`. */
export async function claimAskedSlug(tenant: string, slug: string, tx: Tx): Promise<void> {
  if (await claimSlug(tenant, slug, tx)) return;
  throw new BillingError("conflict", "slug_taken", "another organization has this slug", {
    details: { field: "slug" },
  });
}
