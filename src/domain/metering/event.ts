import type { DecimalInput } from "../../kernel/index.ts";
import type { Usage } from "../rating/index.ts";
import type { ProviderUsage, UsageState } from "./provider-usage/index.ts";

/** The kinds of usage the product knows by name. A type is open text: any other name is a meter of your own. */
export const BillingEventType = Object.freeze({
  DEBATE: "debate",
  API_CALL: "api_call",
  TOKENS: "tokens",
  STORAGE: "storage",
  CONNECTOR_SYNC: "connector_sync",
  KNOWLEDGE_QUERY: "knowledge_query",
  AGENT_CALL: "agent_call",
  EXPORT: "export",
  SSO_AUTH: "sso_auth",
});
export type BillingEventType = (typeof BillingEventType)[keyof typeof BillingEventType];

/** The four kinds that `UsageTracker` records. */
export const UsageEventType = Object.freeze({
  DEBATE: BillingEventType.DEBATE,
  API_CALL: BillingEventType.API_CALL,
  STORAGE: BillingEventType.STORAGE,
  AGENT_CALL: BillingEventType.AGENT_CALL,
});
export type UsageEventType = (typeof UsageEventType)[keyof typeof UsageEventType];

/** Text, numbers and booleans that travel with an event; never priced, never grouped by. */
export type Metadata = Readonly<Record<string, string | number | boolean>>;

/** One use of something, as a caller reports it. Token counts are whole numbers of at most 10^9. */
export interface UsageEvent {
  /** Unique per tenant for ever; give one to make retries safe. Absent: a new one is made. */
  readonly id?: string | undefined;
  /** Who pays. Absent: the tenant of `withTenant`, else the instance's. */
  readonly tenant?: string | undefined;
  /** Default `tokens`. */
  readonly type?: string | undefined;
  /** When it was used: it decides price, day and period. Text needs an offset. Absent: now. */
  readonly timestamp?: Date | string | undefined;
  readonly provider?: string | undefined;
  readonly model?: string | undefined;
  readonly workspace?: string | undefined;
  readonly user?: string | undefined;
  readonly agent?: string | undefined;
  readonly debate?: string | undefined;
  /** All input tokens, cached and cache-write tokens included. */
  readonly tokensIn?: number | undefined;
  /** Input tokens read from the provider's cache. */
  readonly cachedTokens?: number | undefined;
  /** Input tokens written to the provider's cache, for any time. */
  readonly cacheWriteTokens?: number | undefined;
  /** Those of `cacheWriteTokens` that were written for an hour. */
  readonly cacheWrite1hTokens?: number | undefined;
  /** All output tokens, reasoning included. */
  readonly tokensOut?: number | undefined;
  readonly reasoningTokens?: number | undefined;
  readonly webSearches?: number | undefined;
  /** `batch`, `flex`, `priority`; absent: standard. */
  readonly serviceTier?: string | undefined;
  /** Calls, bytes (storage), or what the type counts. Default 1; at most 10^15. */
  readonly quantity?: number | undefined;
  /**
   * What `usageFromResponse` read: counts, model, tier, state and the provider's cost. Counts given beside it are refused;
   * a `model` or `serviceTier` given beside it wins (a price book may know the model by another name).
   */
  readonly usage?: ProviderUsage | undefined;
  /** Whether the counts are the provider's own (`reported`, the default); others are flagged on the event. */
  readonly usageState?: UsageState | null | undefined;
  /** What the provider says it charged, kept beside our own cost. Rounded half up to 1 pico-USD. */
  readonly providerCostUsd?: DecimalInput | null | undefined;
  /** The budget hold this usage settles. */
  readonly holdId?: string | undefined;
  readonly metadata?: Metadata | undefined;
}

/** A checked event, ready to be rated and stored. '' is "none" in every dimension. */
export interface CheckedEvent extends Usage {
  readonly id: string;
  readonly workspace: string;
  readonly user: string;
  readonly agent: string;
  readonly debate: string;
  /** Canonical JSON: keys sorted, '' when none. */
  readonly metadata: string;
  readonly usageState: UsageState;
  /** Pico-USD; null when the provider named none. */
  readonly providerCost: bigint | null;
  /** '' when it settles no hold. Not stored: the hold knows its event. */
  readonly hold: string;
  /** False when `ts` is only the arrival time: a retry of the event then has another one. */
  readonly timestampGiven: boolean;
}

/** What a row is in the history of an event. */
export interface Entry {
  /** 1: usage. -1: takes back the row named by `corrects`; its counts and money are that row's, negated. */
  readonly sign: 1 | -1;
  /** Id of the row that this one reverses or replaces; '' on events as they were reported. */
  readonly corrects: string;
  /** Id of the correction or re-rating that wrote it; '' on events as they were reported. */
  readonly adjustment: string;
}

export const REPORTED: Entry = Object.freeze({ sign: 1, corrects: "", adjustment: "" });

/** An event with its price: what is stored. Money in pico-USD. */
export interface RatedEvent extends Entry {
  readonly event: CheckedEvent;
  readonly price: string;
  /** Id of the selling rate; '' where the charge is the cost. */
  readonly chargePrice: string;
  readonly cost: bigint;
  readonly charge: bigint;
  /** {@link RatingFlag} and usage state, as bits. */
  readonly flags: number;
  /** Epoch ms of its commit, by this program's clock. */
  readonly recordedAt: number;
  readonly fingerprint: number;
}
