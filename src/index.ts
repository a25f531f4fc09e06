// The library's surface, by name.

export { Billing, type BillingOptions, createBilling } from "./billing.ts";
export {
  GROUPINGS,
  type Grouping,
  type UsageGroup,
  type UsageQuery,
  type UsageReport,
  type UsageTotals,
} from "./domain/analytics/index.ts";
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
export type { CostBreakdown } from "./facade/cost-breakdown.ts";
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
export { defaultBilling, setDefaultBilling } from "./facade/default-billing.ts";
export {
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
export type { RecordedUsage } from "./facade/recorded-usage.ts";
export { type MeterScope, UsageMeter } from "./facade/usage-meter.ts";
export type { UsageSummary } from "./facade/usage-summary.ts";
export {
  type DebateUsage,
  type TrackedSummary,
  UsageTracker,
  type UsageTrackerOptions,
} from "./facade/usage-tracker.ts";
export {
  BillingError,
  type Clock,
  type DecimalInput,
  type ErrorKind,
  ManualClock,
  systemClock,
  withTenant,
} from "./kernel/index.ts";
