export type { Entitlement, EntitlementDecision, EntitlementRefusal } from "./entitlement.ts";
export { EntitlementService, type StartedDebate } from "./entitlement-service.ts";
export type { ChangeKind, SubscriptionChange, When } from "./lifecycle.ts";
export type { NoticeSink, SubscriptionNotice } from "./notice.ts";
export type { SubscriptionStatus } from "./state.ts";
export { SubscriptionService } from "./subscription-service.ts";
export type {
  LineView,
  SubscriptionChangeView,
  SubscriptionLineView,
  SubscriptionView,
} from "./subscription-view.ts";
export type { TenantPlan } from "./tenant-plan.ts";
