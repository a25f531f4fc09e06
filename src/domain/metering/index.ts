export type { CorrectedValues } from "./adjustment.ts";
export type { CommitParticipant } from "./commit-port.ts";
export {
  BillingEventType,
  type CheckedEvent,
  type Metadata,
  type RatedEvent,
  type UsageEvent,
  UsageEventType,
} from "./event.ts";
export { tenantOf } from "./event-input.ts";
export type { BillingEvent } from "./event-view.ts";
export {
  type AdjustmentEntry,
  type Correction,
  type EventQuery,
  MeteringService,
  type RerateOptions,
  type RerateQuery,
  type RerateReport,
  type VerifyReport,
} from "./metering-service.ts";
export {
  type ProviderUsage,
  type StreamUsageOptions,
  type UsageShape,
  type UsageState,
  usageFromResponse,
  usageFromStream,
} from "./provider-usage/index.ts";
export type { RerateProgress, TenantDifference } from "./rerating.ts";
export {
  ROLLED_UP_DIMENSIONS,
  type RolledUpDimension,
  SUM_COLUMNS,
  SUMS_OF_EVENTS,
  SUMS_OF_ROLLUPS,
} from "./rollup-store.ts";
export { type Rejection, Verdict, type VerdictStatus } from "./verdict.ts";
export type { Difference, VerifyProgress } from "./verify.ts";
