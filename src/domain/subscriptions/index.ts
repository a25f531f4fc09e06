export type { Entitlement, EntitlementDecision, EntitlementRefusal } from "./entitlement.ts";
export { type EntitlementDeps, EntitlementService, type StartedDebate } from "./entitlement-service.ts";
export type { PlanOfTenant, TenantPlan } from "./tenant-plan.ts";
