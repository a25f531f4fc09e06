export { AnalyticsService } from "./analytics-service.ts";
export { GROUPINGS, type Grouping, type UsageQuery } from "./usage-query.ts";
export type { UsageGroup, UsageReport, UsageTotals } from "./usage-report.ts";
