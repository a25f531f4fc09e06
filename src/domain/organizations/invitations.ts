// Inviting and accepting. The token is the invitation's whole proof, so it is random, kept as its hash, and used once.

import { BillingError, digest } from "../../kernel/index.ts";
import type { Tx } from "../../store/index.ts";
import type { Actor } from "./actor.ts";
import { type Change, type ChangeContext, record, requireOpen } from "./change.ts";
import {
  insertInvitation,
  invitationOf,
  invitationWithTokenAcrossTenants,
  markAccepted,
  openInvitations,
  revokeInvitation,
  revokeInvitationsTo,
} from "./invitation-store.ts";
import { join, requireMember, requireRoleWithin } from "./members.ts";
import { isMemberAddress } from "./membership-store.ts";
import {
  alreadyMember,
  type InvitationView,
  invitationNotFound,
  type MemberView,
  organizationNotFound,
} from "./organization.ts";
import { lockOrganization, organizationOf } from "./organization-store.ts";
import type { PlanKeeper } from "./plan-keeper.ts";
import type { MembershipRole } from "./role.ts";
import { type SecureRandom, secretText } from "./secure-random.ts";
import { userAcrossTenants } from "./user-store.ts";

const TOKEN_BYTES = 32;
const LIFE_MS = 7 * 86_400_000;
/** So that nobody sends mail to the whole world through an organization. */
const MAX_OPEN = 200;

/** An invitation with its token, which is shown this once. */
export type IssuedInvitation = InvitationView & { readonly token: string };

/** @throws BillingError: see `OrganizationService.inviteMember`. */
export async function invite(
  change: Change,
  random: SecureRandom,
  { email, role }: { email: string; role: MembershipRole },
): Promise<IssuedInvitation> {
  const { tx, tenant, at, ids, standing } = change;
  requireRoleWithin(change, role);
  if (await isMemberAddress(tenant, email, tx)) throw alreadyMember();
  await revokeInvitationsTo(tenant, email, at, tx);
  if ((await openInvitations(tenant, at, tx)) >= MAX_OPEN) {
    const text = `an organization has at most ${MAX_OPEN} open invitations`;
    throw new BillingError("limit_exceeded", "invitation_limit_reached", text, {
      details: { limit: MAX_OPEN },
    });
  }
  const token = `inv_${secretText(random, TOKEN_BYTES)}`;
  const id = ids.next("ivt");
  const { kind, id: inviter } = standing.actor;
  const invitedBy = { kind, id: inviter };
  const expiresAt = at + LIFE_MS;
  await insertInvitation(tenant, { id, email, role, tokenHash: digest(token), invitedBy, at, expiresAt }, tx);
  change.note("member.invited", id, { role });
  return { ...(await requireInvitation(change, id)), token };
}

/** @throws BillingError not_found `invitation_not_found`; failed_precondition `invitation_used`. */
export async function revoke(change: Change, id: string): Promise<InvitationView> {
  const { tx, tenant, at } = change;
  const { status } = await requireInvitation(change, id);
  if (status === "revoked") return requireInvitation(change, id);
  if (!(await revokeInvitation(tenant, id, at, tx))) throw notOpen("accepted");
  change.note("invitation.revoked", id);
  return requireInvitation(change, id);
}

/** @throws BillingError: see `OrganizationService.acceptInvitation`. */
export async function accept(
  { clock, ids, plans }: ChangeContext & { readonly plans: PlanKeeper },
  actor: Actor,
  token: string,
  tx: Tx,
): Promise<MemberView> {
  const at = clock.now();
  const hash = digest(token);
  const found = await invitationWithTokenAcrossTenants(hash, at, tx);
  // Who it is for is found out before anything about it is told.
  const user = await userAcrossTenants(actor.id, tx);
  if (found === undefined || found.email === "" || user?.email !== found.email) throw invitationNotFound();
  const { id, organizationId: tenant } = found;
  if (!(await lockOrganization(tenant, tx))) throw organizationNotFound();
  const organization = await organizationOf(tenant, tx);
  const invitation = await invitationOf(tenant, id, at, tx);
  if (organization === undefined || invitation === undefined) throw invitationNotFound();
  requireOpen(organization, actor);
  const isAccepted = await markAccepted(tenant, { id, user: actor.id, at }, tx);
  if (!isAccepted) throw notOpen(invitation.status);
  const { role } = invitation;
  const change: Change = {
    ...{ tx, at, ids, tenant, organization },
    standing: { actor, role, permissions: [] },
    note: () => undefined,
  };
  await join(change, plans, { user: actor.id, role });
  const details = { role, invitation: id };
  await record(tx, { ids, at, tenant, actor }, [{ action: "member.joined", target: actor.id, details }]);
  return requireMember(change, actor.id);
}

async function requireInvitation({ tenant, tx, at }: Change, id: string): Promise<InvitationView> {
  const invitation = await invitationOf(tenant, id, at, tx);
  if (invitation === undefined) throw invitationNotFound();
  return invitation;
}

function notOpen(status: InvitationView["status"]): BillingError {
  if (status === "expired") {
    const text = "this invitation has expired: ask for a new one";
    return new BillingError("failed_precondition", "invitation_expired", text);
  }
  if (status === "revoked") {
    return new BillingError("failed_precondition", "invitation_revoked", "this invitation was withdrawn");
  }
  return new BillingError("failed_precondition", "invitation_used", "this invitation was accepted already");
}
