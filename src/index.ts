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
  type BillingEvent,
  BillingEventType,
  type Difference,
  type EventQuery,
  type Metadata,
  type ProviderUsage,
  type Rejection,
  type StreamUsageOptions,
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
  type ListedPrice,
  PROVIDER_PRICING,
  type PriceBand,
  type PriceEntryInput,
  type PriceTier,
  type TokenPrices,
} from "./domain/pricing/index.ts";
export type { RatingFlag, UnknownModelPolicy } from "./domain/rating/index.ts";
export { defaultBilling, setDefaultBilling } from "./facade/default-billing.ts";
export {
  type DebateUsage,
  type RecordedUsage,
  type TrackedSummary,
  UsageTracker,
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
