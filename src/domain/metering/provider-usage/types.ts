/** How a provider words the usage of a call: one name per API. */
export type UsageShape =
  | "anthropic"
  | "openai-chat"
  /** The same as `openai-chat`. */
  | "openai-chat-compatible"
  | "openai-responses"
  | "openrouter-chat"
  | "openrouter-responses"
  | "google"
  | "deepseek"
  | "bedrock-converse"
  | "ai-sdk";

/**
 * `reported`: the provider's own, final counts. `estimated`: a stream ended early, these are the counts up to then.
 * `missing`: the provider said nothing; the zeros beside it are not its word.
 */
export type UsageState = "reported" | "estimated" | "missing";

/** What a provider says a call used, in the terms of a `UsageEvent`. */
export interface ProviderUsage {
  readonly model: string | null;
  /** All input tokens, cached and cache-write tokens included. */
  readonly tokensIn: number;
  readonly cachedTokens: number;
  /** All cache writes, for any time. */
  readonly cacheWriteTokens: number;
  /** Those of `cacheWriteTokens` that were written for an hour. */
  readonly cacheWrite1hTokens: number;
  /** All output tokens, reasoning included. */
  readonly tokensOut: number;
  readonly reasoningTokens: number;
  readonly webSearches: number;
  /** As the provider names it, in lower case. */
  readonly serviceTier: string | null;
  /** What the provider says it charged: exact decimal text, no exponent. */
  readonly providerCostUsd: string | null;
  readonly usageState: UsageState;
  /** What does not add up, each as `code: sentence`. The counts stay as reported: nothing is clamped. */
  readonly issues: readonly string[];
}
