import type { Decimal } from "decimal.js";
import { usdToDecimal } from "../../kernel/index.ts";
import { type RatingFlag, ratingFlags } from "../rating/index.ts";
import type { Metadata, RatedEvent } from "./event.ts";
import type { UsageState } from "./provider-usage/index.ts";

/** An event on record, with its price. `null` is "none". */
export interface BillingEvent {
  readonly id: string;
  readonly tenant: string;
  readonly timestamp: Date;
  readonly type: string;
  readonly provider: string | null;
  readonly model: string | null;
  readonly workspace: string | null;
  readonly user: string | null;
  readonly agent: string | null;
  readonly debate: string | null;
  readonly serviceTier: string | null;
  readonly quantity: number;
  /** All input tokens, cached and cache-write tokens included. */
  readonly tokensIn: number;
  readonly cachedTokens: number;
  readonly cacheWriteTokens: number;
  readonly cacheWrite1hTokens: number;
  /** All output tokens, reasoning included. */
  readonly tokensOut: number;
  readonly reasoningTokens: number;
  readonly webSearches: number;
  /** What the provider takes from us. Exact. */
  readonly costUsd: Decimal;
  /** What the tenant owes us; the cost unless a selling price is set. Exact. */
  readonly chargeUsd: Decimal;
  /** Id of the rate that gave `costUsd`. */
  readonly price: string | null;
  /** Id of the selling rate that gave `chargeUsd`; null where the charge is the cost. */
  readonly chargePrice: string | null;
  readonly flags: readonly RatingFlag[];
  /** Whether the counts are the provider's own. */
  readonly usageState: UsageState;
  /** What the provider said it charged; null when it named nothing. */
  readonly providerCostUsd: Decimal | null;
  /** True on a row that takes back another one: its counts and money are that row's, negated. */
  readonly isReversal: boolean;
  /** Id of the event that this one reverses or replaces. */
  readonly corrects: string | null;
  /** Id of the correction or re-rating that wrote it. */
  readonly adjustment: string | null;
  readonly metadata: Metadata;
  /** When it was committed, by this program's clock. */
  readonly recordedAt: Date;
}

export function billingEventOf(stored: RatedEvent): BillingEvent {
  const { event } = stored;
  const cacheWriteTokens = event.cacheWriteTokens + event.cacheWrite1hTokens;
  return {
    id: event.id,
    tenant: event.tenant,
    timestamp: new Date(event.ts),
    type: event.type,
    provider: event.provider || null,
    model: event.model || null,
    workspace: event.workspace || null,
    user: event.user || null,
    agent: event.agent || null,
    debate: event.debate || null,
    serviceTier: event.serviceTier || null,
    quantity: event.quantity,
    tokensIn: event.inputTokens + event.cacheReadTokens + cacheWriteTokens,
    cachedTokens: event.cacheReadTokens,
    cacheWriteTokens,
    cacheWrite1hTokens: event.cacheWrite1hTokens,
    tokensOut: event.outputTokens + event.reasoningTokens,
    reasoningTokens: event.reasoningTokens,
    webSearches: event.webSearches,
    costUsd: usdToDecimal(stored.cost),
    chargeUsd: usdToDecimal(stored.charge),
    price: stored.price || null,
    chargePrice: stored.chargePrice || null,
    flags: ratingFlags(stored.flags),
    usageState: event.usageState,
    providerCostUsd: event.providerCost === null ? null : usdToDecimal(event.providerCost),
    isReversal: stored.sign === -1,
    corrects: stored.corrects || null,
    adjustment: stored.adjustment || null,
    metadata: event.metadata === "" ? {} : (JSON.parse(event.metadata) as Metadata),
    recordedAt: new Date(stored.recordedAt),
  };
}
