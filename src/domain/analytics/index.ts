export { AnalyticsService } from "./analytics-service.ts";
export {
  RECONCILIATION_GROUPINGS,
  type ReconciliationGrouping,
  type ReconciliationQuery,
} from "./reconciliation-query.ts";
export type { Reconciliation, ReconciliationGroup, ReconciliationTotals } from "./reconciliation-report.ts";
export { GROUPINGS, type Grouping, type UsageQuery } from "./usage-query.ts";
export type { UsageGroup, UsageReport, UsageTotals } from "./usage-report.ts";
