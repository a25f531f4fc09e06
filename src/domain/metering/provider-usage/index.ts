export { type StreamUsageOptions, usageFromResponse, usageFromStream } from "./provider-usage.ts";
export type { ProviderUsage, UsageShape, UsageState } from "./types.ts";
