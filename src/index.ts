// The library's surface, by name.

export { Billing, type BillingOptions, createBilling } from "./billing.ts";
export type { NotificationOptions, SmtpOptions } from "./config.ts";
export {
  GROUPINGS,
  type Grouping,
  RECONCILIATION_GROUPINGS,
  type Reconciliation,
  type ReconciliationGroup,
  type ReconciliationGrouping,
  type ReconciliationQuery,
  type ReconciliationTotals,
  type UsageGroup,
  type UsageQuery,
  type UsageReport,
  type UsageTotals,
} from "./domain/analytics/index.ts";
export type { ActorKind, AuditActor, AuditEntry, AuditLog, AuditQuery } from "./domain/audit/index.ts";
export {
  type AlertCallback,
  type AlertLevel,
  type AlertRecord,
  type AmountInput,
  type AuthorizeRequest,
  BUDGET_MEASURES,
  BUDGET_PERIODS,
  type BudgetChangeEntry,
  type BudgetCheck,
  type BudgetDecision,
  type BudgetHold,
  type BudgetInput,
  type BudgetMeasure,
  type BudgetMoney,
  type BudgetOverride,
  type BudgetPeriodName,
  type BudgetRecord,
  type BudgetService,
  type BudgetSpend,
  type BudgetStatus,
  type BudgetStatusView,
  type BudgetTermsInput,
  type CounterStatus,
  type Deed,
  type DimensionsInput,
  EACH,
  type HeldPart,
  type HoldFlag,
  type HoldService,
  type OverageInput,
  type OverrideInput,
  type RaisedAlert,
  type RecordedSpend,
  SCOPE_DIMENSIONS,
  type Scope,
  type ScopeDimension,
  type SpendInput,
  type SpendRequest,
  THRESHOLD_ACTIONS,
  type ThresholdAction,
  type ThresholdInput,
  type TrendPoint,
  type TrendStep,
} from "./domain/budgets/index.ts";
export type {
  ApiKeyKind,
  ApiKeyView,
  IdentityService,
  IssuedKey,
  NewApiKey,
  Principal,
  Scope as KeyScope,
} from "./domain/identity/index.ts";
export {
  type AdjustmentEntry,
  type BillingEvent,
  BillingEventType,
  type CorrectedValues,
  type Correction,
  type Difference,
  type EventQuery,
  type Metadata,
  type ProviderUsage,
  type Rejection,
  type RerateOptions,
  type RerateProgress,
  type RerateQuery,
  type RerateReport,
  type StreamUsageOptions,
  type TenantDifference,
  type UsageEvent,
  UsageEventType,
  type UsageShape,
  type UsageState,
  usageFromResponse,
  usageFromStream,
  Verdict,
  type VerdictStatus,
  type VerifyProgress,
  type VerifyReport,
} from "./domain/metering/index.ts";
export {
  type DeliveryCounts,
  type DeliveryQuery,
  type EndpointChanges,
  type EndpointDelivery,
  type EndpointInput,
  type EndpointService,
  type EndpointView,
  type IssuedEndpoint,
  type NotificationInput,
  NotificationKind,
  type NotificationMethod,
  type NotificationPayloads,
  type NotificationQuery,
  type NotificationResult,
  type NotificationState,
  type NotificationView,
  type Recipient,
  WEBHOOK_EVENTS,
  type WebhookEvent,
  type WebhookEventType,
} from "./domain/notifications/index.ts";
export {
  type Actor,
  type BillingProfile,
  type BillingProfileInput,
  type InvitationView,
  type IssuedInvitation,
  type MemberView,
  type NewOrganization,
  type OrganizationContext,
  type OrganizationStatus,
  type OrganizationView,
  type Permission,
  type PersonalData,
  ROLE_PERMISSIONS,
  type UserInput,
  type UserOrganization,
  type UserView,
  type WorkspaceView,
} from "./domain/organizations/index.ts";
export {
  type Limit,
  type Plan,
  type PlanFeature,
  planOf,
  SubscriptionTier,
  TIER_LIMITS,
  type TierLimits,
} from "./domain/plans/index.ts";
export {
  type AddedPrice,
  type ChangedPrice,
  type GonePrice,
  type ImportPriceListInput,
  type ListedPrice,
  type ListedPriceRule,
  type OmittedPrices,
  PROVIDER_PRICING,
  type PriceBand,
  type PriceEntryInput,
  type PriceListDiff,
  type PriceListReading,
  type PriceListSource,
  type PriceRuleInput,
  type PriceRuleTarget,
  type PriceTier,
  type RoundedPrice,
  type RulePrices,
  readGenaiPrices,
  readLitellmPrices,
  type SkippedPrice,
  type TokenPrices,
} from "./domain/pricing/index.ts";
export type { RatingFlag, UnknownModelPolicy } from "./domain/rating/index.ts";
export {
  BillingNotifier,
  type BudgetAlertNotice,
  type CreditsExpiringNotice,
  type ForecastOverageNotice,
  type NotifyingBilling,
  type PaymentFailedNotice,
  type SubscriptionCanceledNotice,
  type SubscriptionDowngradedNotice,
  type TrialExpiringNotice,
} from "./facade/billing-notifier.ts";
export { type BudgetAlert, BudgetAlertLevel, type TenantBudgetAlert } from "./facade/budget-alert.ts";
export {
  type BudgetDeed,
  type BudgetKey,
  BudgetManager,
  type BudgetPageQuery,
  type ManagedSpend,
  type NewBudget,
  type SpendResult,
} from "./facade/budget-manager.ts";
export {
  BudgetAction,
  BudgetPeriod,
  type BudgetThreshold,
  type OverageTerms,
} from "./facade/budget-terms.ts";
export type { CostBreakdown } from "./facade/cost-breakdown.ts";
export type { Budget, BudgetOverview } from "./facade/cost-budget.ts";
export {
  CostGranularity,
  type CostPoint,
  type CostReport,
  type CostReportQuery,
  type CostShare,
  type CostSums,
  type WorkspaceStats,
} from "./facade/cost-report.ts";
export { CostTracker, type TokenUsage } from "./facade/cost-tracker.ts";
export type { DebateBudgetStatus, DebatePlace, DebateTenant } from "./facade/debate-budget.ts";
export { DebateBudgetExceededError } from "./facade/debate-budget-error.ts";
export { defaultBilling, setDefaultBilling } from "./facade/default-billing.ts";
export {
  getBillingNotifier,
  getBudgetManager,
  getCostTracker,
  getEnterpriseMeter,
  getUsageMeter,
  recordBillingUsage,
  recordUsage,
} from "./facade/default-meters.ts";
export {
  EnterpriseMeter,
  type EnterpriseTokenUsage,
  type TokenUsageRecord,
} from "./facade/enterprise-meter.ts";
export type { BudgetConfig, TenantBudget } from "./facade/meter-budget.ts";
export type {
  AttributedCall,
  CountedCall,
  MeteredAgentCall,
  MeteredApiCall,
  MeteredCall,
  MeteredConnectorSync,
  MeteredDebate,
  MeteredExport,
  MeteredKnowledgeQuery,
  MeteredSsoAuth,
  MeteredStorage,
  MeteredTokens,
  TokenCounts,
} from "./facade/metered-calls.ts";
export type { MeteringConfig } from "./facade/metering-config.ts";
export {
  getMultiOrgManager,
  MultiOrgManager,
  type MultiOrgManagerOptions,
  type OrganizationSwitch,
} from "./facade/multi-org-manager.ts";
export {
  type MembershipInvitation,
  MembershipRole,
  MembershipStatus,
  type Organization,
  type OrganizationMembership,
  type User,
} from "./facade/organization-models.ts";
export type { RecordedUsage } from "./facade/recorded-usage.ts";
export { type MeterScope, UsageMeter } from "./facade/usage-meter.ts";
export type { UsageSummary } from "./facade/usage-summary.ts";
export {
  type DebateUsage,
  type TrackedSummary,
  UsageTracker,
  type UsageTrackerOptions,
} from "./facade/usage-tracker.ts";
export type { Job, JobRun, JobStatus, Jobs } from "./jobs.ts";
export {
  BillingError,
  type Clock,
  type DecimalInput,
  type ErrorKind,
  ManualClock,
  systemClock,
  withTenant,
} from "./kernel/index.ts";
