// What is known of people, given out and taken away. Ids, what they were when, and money are never touched.

import { isoInstant } from "../../kernel/index.ts";
import type { Change } from "./change.ts";
import { eraseInvitations, everyInvitationOf } from "./invitation-store.ts";
import { endMembership, everyMemberOf } from "./membership-store.ts";
import { claimAskedSlug } from "./new-organization.ts";
import type { PersonalData } from "./organization.ts";
import { emptyOrganization, releaseOtherSlugs, updateOrganization } from "./organization-store.ts";
import type { PersonalDataHolder } from "./personal-data-holder.ts";
import { deleteProfile, profileOf } from "./profile-store.ts";
import { eraseUserAcrossTenants, uncountMembershipAcrossTenants } from "./user-store.ts";
import { everyWorkspaceOf } from "./workspace-store.ts";

const ERASED_NAME = "Erased";

/** All of it, as one JSON-safe value. */
export async function personalData(change: Change): Promise<PersonalData> {
  const { tx, tenant, at, organization } = change;
  change.note("organization.exported", tenant);
  return {
    exportedAt: isoInstant(at),
    organization,
    billingProfile: await profileOf(tenant, tx),
    members: await everyMemberOf(tenant, tx),
    invitations: await everyInvitationOf(tenant, at, tx),
    workspaces: await everyWorkspaceOf(tenant, tx),
  };
}

/** Takes names and addresses out of an organization, and out of the users who were in no other one. */
export async function erasePersonalData(
  change: Change,
  holders: readonly PersonalDataHolder[],
): Promise<void> {
  const { tx, tenant, at, ids, organization } = change;
  let erased = 0;
  for (const { userId, status } of await everyMemberOf(tenant, tx)) {
    if (status === "active") {
      await uncountMembershipAcrossTenants(userId, tx);
      await endMembership(tenant, userId, at, tx);
    }
    if (await eraseUserAcrossTenants(userId, at, tx)) erased += 1;
  }
  await eraseInvitations(tenant, at, tx);
  await deleteProfile(tenant, tx);
  await emptyOrganization(tenant, tx);
  const slug = `erased-${ids.next("slug").slice(-26)}`;
  await claimAskedSlug(tenant, slug, tx);
  await releaseOtherSlugs(tenant, slug, tx);
  await updateOrganization(tenant, { ...organization, name: ERASED_NAME, slug, status: "erased", at }, tx);
  for (const holder of holders) await holder.eraseTenant(tenant, at, tx);
  change.note("organization.erased", tenant, { users: erased });
}
