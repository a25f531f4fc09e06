// What is on record is never edited: a row that was wrong is taken back by one that negates it, and replaced by another.

import { formatUsd, invalidInput, isoInstant } from "../../kernel/index.ts";
import { withFingerprint } from "./content.ts";
import type { CheckedEvent, RatedEvent, UsageEvent } from "./event.ts";

/** Why and by which request rows on record were reversed or replaced. */
export interface Adjustment {
  readonly id: string;
  /** '' when it may concern every tenant. */
  readonly tenant: string;
  readonly kind: "correction" | "rerating";
  readonly reason: string;
  /** Canonical JSON of what was asked for. */
  readonly request: string;
  /** Epoch ms. */
  readonly createdAt: number;
}

/** What a correction may change: anything a caller said about the event but its id, tenant and hold. */
export type CorrectedValues = Omit<UsageEvent, "id" | "tenant" | "holdId">;

const COUNTS = [
  "tokensIn",
  "cachedTokens",
  "cacheWriteTokens",
  "cacheWrite1hTokens",
  "tokensOut",
  "reasoningTokens",
  "webSearches",
] as const satisfies (keyof CorrectedValues)[];
const UNCORRECTABLE: readonly string[] = ["id", "tenant", "holdId"] satisfies (keyof UsageEvent)[];
const MAX_REASON = 500;

/** The row that takes `rated` back: the same prices, all counts and money negated. */
export function reversalOf(
  rated: RatedEvent,
  entry: { readonly id: string; readonly adjustment: string; readonly recordedAt: number },
): RatedEvent {
  const { event } = rated;
  return withFingerprint({
    ...rated,
    event: {
      ...event,
      id: entry.id,
      // `0 - x`, as `-x` would make a -0 of 0.
      quantity: 0 - event.quantity,
      inputTokens: 0 - event.inputTokens,
      cacheReadTokens: 0 - event.cacheReadTokens,
      cacheWriteTokens: 0 - event.cacheWriteTokens,
      cacheWrite1hTokens: 0 - event.cacheWrite1hTokens,
      outputTokens: 0 - event.outputTokens,
      reasoningTokens: 0 - event.reasoningTokens,
      webSearches: 0 - event.webSearches,
      providerCost: event.providerCost === null ? null : -event.providerCost,
    },
    cost: -rated.cost,
    charge: -rated.charge,
    sign: -1,
    corrects: event.id,
    adjustment: entry.adjustment,
    recordedAt: entry.recordedAt,
  });
}

/**
 * The event as it would have been reported with the new values; what they do not name stays. Counts that are given are
 * the provider's own unless `usageState` says otherwise.
 *
 * @throws BillingError invalid_input for a field that cannot be corrected.
 */
export function correctedInput(current: CheckedEvent, values: CorrectedValues): UsageEvent {
  if (typeof values !== "object" || values === null || Array.isArray(values)) {
    throw invalidInput("values", "invalid_type", "values must be an object of the fields to correct");
  }
  for (const field of UNCORRECTABLE) {
    if (Object.hasOwn(values, field)) {
      throw invalidInput(
        field,
        "not_correctable",
        `${field} of an event cannot be corrected: record another event`,
      );
    }
  }
  const kept = reportedInput(current);
  const counted = COUNTS.some((field) => values[field] !== undefined);
  if (values.usage !== undefined) {
    for (const field of [...COUNTS, "usageState", "providerCostUsd", "model", "serviceTier"] as const)
      delete kept[field];
  } else if (counted) {
    delete kept.usageState;
  }
  const given = Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined));
  if (values.usage === undefined) return { ...kept, ...given };
  // The caller may have named the model as the price book knows it; the response's name does not replace that.
  const model = current.model === "" ? undefined : current.model;
  return { ...kept, model, ...given };
}

/** A checked event as a caller would report it. */
function reportedInput(event: CheckedEvent): { -readonly [Field in keyof UsageEvent]: UsageEvent[Field] } {
  return {
    type: event.type,
    timestamp: new Date(event.ts),
    provider: event.provider,
    model: event.model,
    workspace: event.workspace,
    user: event.user,
    agent: event.agent,
    debate: event.debate,
    serviceTier: event.serviceTier,
    tokensIn: event.inputTokens + event.cacheReadTokens + event.cacheWriteTokens + event.cacheWrite1hTokens,
    cachedTokens: event.cacheReadTokens,
    cacheWriteTokens: event.cacheWriteTokens + event.cacheWrite1hTokens,
    cacheWrite1hTokens: event.cacheWrite1hTokens,
    tokensOut: event.outputTokens + event.reasoningTokens,
    reasoningTokens: event.reasoningTokens,
    webSearches: event.webSearches,
    quantity: event.quantity,
    usageState: event.usageState,
    providerCostUsd: event.providerCost === null ? undefined : formatUsd(event.providerCost),
    metadata: event.metadata === "" ? undefined : JSON.parse(event.metadata),
  };
}

/** @throws BillingError invalid_input: an adjustment without a reason explains nothing to whoever reads the bill. */
export function reasonOf(reason: unknown): string {
  if (typeof reason !== "string" || reason.trim() === "") {
    throw invalidInput("reason", "required", "reason is required: say why what is on record changes");
  }
  if (reason.length > MAX_REASON || !reason.isWellFormed() || /\p{Cc}/u.test(reason)) {
    throw invalidInput(
      "reason",
      "invalid_text",
      `reason must be at most ${MAX_REASON} characters without control characters`,
    );
  }
  return reason;
}

/** JSON with sorted keys, so that the same request reads the same. */
export function requestText(request: unknown): string {
  return JSON.stringify(request, (_, value: unknown) => {
    if (value instanceof Date) return isoInstant(value.getTime());
    if (typeof value !== "object" || value === null || Array.isArray(value)) return value;
    return Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)));
  });
}
