export { denied, type Rule, requireAccess, requirePermission } from "./access.ts";
export { type Actor, actsForInstallation, checkedActor } from "./actor.ts";
export type { BillingProfile, BillingProfileInput } from "./billing-profile.ts";
export { changeOrganization, record, requireOpen, seenBy } from "./change.ts";
export type { IssuedInvitation } from "./invitations.ts";
export type { NewOrganization } from "./new-organization.ts";
export type {
  InvitationView,
  MemberView,
  OrganizationContext,
  OrganizationStatus,
  OrganizationView,
  PersonalData,
  UserOrganization,
  UserView,
  WorkspaceView,
} from "./organization.ts";
export { organizationNotFound, userNotFound } from "./organization.ts";
export { OrganizationService, type UserInput } from "./organization-service.ts";
export {
  lockOrganization,
  organizationOf,
  organizationsOfUserAcrossTenants,
  putPlan,
} from "./organization-store.ts";
export type { PersonalDataHolder } from "./personal-data-holder.ts";
export type { PlanKeeper } from "./plan-keeper.ts";
export { profileOf, SELLER } from "./profile-store.ts";
export { MembershipRole, type Permission, ROLE_PERMISSIONS } from "./role.ts";
export { type SecureRandom, secretText } from "./secure-random.ts";
export { emailOf, lineOf } from "./text-input.ts";
export {
  claimEmailAcrossTenants,
  ensureUserAcrossTenants,
  lockUserAcrossTenants,
  updateUserAcrossTenants,
  userAcrossTenants,
  userWithEmailAcrossTenants,
} from "./user-store.ts";
