/** What was used, in disjoint buckets: their sum is all tokens of the call. Whole numbers, none negative. */
export interface Usage {
  /** Whose price rules apply. */
  readonly tenant: string;
  readonly type: string;
  /** Lower case; '' when none was named. */
  readonly provider: string;
  readonly model: string;
  /** Epoch ms of the usage itself: it decides the price. */
  readonly ts: number;
  /** '' is the provider's standard tier. */
  readonly serviceTier: string;
  /** Calls, bytes, or whatever the type counts. */
  readonly quantity: number;
  /** Input tokens that were neither read from nor written to a cache. */
  readonly inputTokens: number;
  readonly cacheReadTokens: number;
  /** Written to a cache for 5 minutes. */
  readonly cacheWriteTokens: number;
  readonly cacheWrite1hTokens: number;
  /** Output tokens that are not reasoning. */
  readonly outputTokens: number;
  readonly reasoningTokens: number;
  readonly webSearches: number;
}
