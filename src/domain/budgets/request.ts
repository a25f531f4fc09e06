// What somebody wants to spend, checked: whose, of what kind, when and how much.

import { type DecimalInput, invalidInput, parseUsd } from "../../kernel/index.ts";
import type { PriceBook } from "../pricing/index.ts";
import { rate, type UnknownModelPolicy, type Usage } from "../rating/index.ts";
import { type Amounts, DEBATE } from "./amounts.ts";
import { type Dimensions, SCOPE_DIMENSIONS } from "./scope.ts";
import { countOf, dimensionOf, fieldsOf, instantOf, textOf } from "./text-input.ts";

/** How much: dollars, or tokens that are priced. Of tokens by the price in force, at their band and tier. */
export interface AmountInput {
  /** Exact decimal dollars; at most 1,000,000. */
  readonly costUsd?: DecimalInput | undefined;
  /** All input tokens, cached and cache-write tokens included. */
  readonly tokensIn?: number | undefined;
  readonly cachedTokens?: number | undefined;
  readonly cacheWriteTokens?: number | undefined;
  readonly cacheWrite1hTokens?: number | undefined;
  /** All output tokens, reasoning included. */
  readonly tokensOut?: number | undefined;
  readonly reasoningTokens?: number | undefined;
  readonly webSearches?: number | undefined;
  readonly serviceTier?: string | undefined;
  /** Of a `debate`: how many. Default 1. */
  readonly quantity?: number | undefined;
}

/** What usage names; budgets are found by it. */
export type DimensionsInput = Readonly<Partial<Record<keyof Dimensions, string | undefined>>>;

/** A planned use, before it is made. Without an estimate it needs room for something, and holds nothing. */
export interface SpendRequest extends Omit<AmountInput, "costUsd"> {
  /** Who pays. Absent: the tenant of `withTenant`, else the instance's. */
  readonly tenant?: string | undefined;
  readonly dimensions?: DimensionsInput | undefined;
  /** Kind of use, as of events. Default `tokens`. */
  readonly type?: string | undefined;
  /** Exact decimal dollars. Absent: priced from the tokens. */
  readonly estimatedCostUsd?: DecimalInput | undefined;
  /** The most that the call may answer: what the estimate is priced at in place of `tokensOut`. */
  readonly maxOutputTokens?: number | undefined;
  /** When it is used: it decides the periods and the price. Absent: now. */
  readonly at?: Date | undefined;
}

/** A checked request. */
export interface CheckedRequest {
  readonly tenant: string;
  readonly dimensions: Dimensions;
  readonly type: string;
  readonly at: number;
  readonly quantity: number;
  /** Pico-USD; null: priced from the tokens. */
  readonly cost: bigint | null;
  /** Null: no tokens were named. */
  readonly usage: Usage | null;
  /** The same text for the same request: what a retry is compared by. */
  readonly text: string;
}

/** $1,000,000: as of an event. */
const MAX_COST = 1_000_000n * 10n ** 12n;
const MAX_TOKENS = 1_000_000_000;

const AMOUNT_FIELDS = [
  "tokensIn",
  "cachedTokens",
  "cacheWriteTokens",
  "cacheWrite1hTokens",
  "tokensOut",
  "reasoningTokens",
  "webSearches",
  "serviceTier",
  "quantity",
] as const satisfies (keyof AmountInput)[];
export const REQUEST_FIELDS: readonly string[] = [
  ...AMOUNT_FIELDS,
  ...["tenant", "dimensions", "type", "estimatedCostUsd", "maxOutputTokens", "at"],
];
export const ACTUAL_FIELDS: readonly string[] = [...AMOUNT_FIELDS, "costUsd"];

const NONE: Dimensions = { workspace: "", user: "", agent: "", debate: "", provider: "", model: "" };

/**
 * @param costField what the caller called the cost, for errors.
 * @throws BillingError invalid_input naming the field.
 */
export function parseRequest(
  tenant: string,
  input: Readonly<Record<string, unknown>>,
  now: number,
  costField = "estimatedCostUsd",
): CheckedRequest {
  const at = instantOf(input.at, "at");
  const dimensions = parseDimensions(input.dimensions);
  const type = input.type === undefined ? "tokens" : textOf(input.type, "type");
  if (input.tokensOut !== undefined && input.maxOutputTokens !== undefined)
    throw invalidInput("maxOutputTokens", "given_twice", "give tokensOut or maxOutputTokens, not both");
  const { maxOutputTokens, estimatedCostUsd, ...counts } = input;
  const amount = { ...counts, costUsd: estimatedCostUsd, tokensOut: input.tokensOut ?? maxOutputTokens };
  const parsed = parseAmount(
    amount,
    { tenant, dimensions, type, at: at ?? now },
    {
      costUsd: costField,
      tokensOut: maxOutputTokens === undefined ? "tokensOut" : "maxOutputTokens",
    },
  );
  const text = JSON.stringify({ type, ...dimensions, at: at ?? null, ...parsed.said });
  return { tenant, dimensions, type, at: at ?? now, ...parsed.amount, text };
}

/** What was really used under a hold, in the hold's dimensions and at its time. */
export function parseActual(
  input: unknown,
  held: {
    readonly tenant: string;
    readonly dimensions: Dimensions;
    readonly type: string;
    readonly at: number;
  },
): CheckedRequest {
  const given = fieldsOf(input, ACTUAL_FIELDS, "actual");
  const { amount, said } = parseAmount(given, held, { costUsd: "costUsd", tokensOut: "tokensOut" });
  if (amount.cost === null && amount.usage === null && held.type === "tokens")
    throw invalidInput("actual", "required", "actual must name costUsd or tokens");
  return { ...held, ...amount, text: JSON.stringify(said) };
}

/** The dimensions and type of a stored request. */
export function heldRequest(text: string): { dimensions: Dimensions; type: string } {
  const { type, workspace, user, agent, debate, provider, model } = JSON.parse(text) as Dimensions & {
    type: string;
  };
  return { type, dimensions: { workspace, user, agent, debate, provider, model } };
}

export interface Requested {
  readonly amounts: Amounts;
  /** Measures that the request says nothing about. */
  readonly unknownUsd: boolean;
  readonly unknownTokens: boolean;
}

/**
 * What a request counts in every measure.
 *
 * @throws BillingError invalid_input `unknown_model` where the policy refuses it, `cost_too_large` above $1,000,000.
 */
export function requestedAmounts(
  request: CheckedRequest,
  book: PriceBook | undefined,
  policy: UnknownModelPolicy,
): Requested {
  const { usage, type, quantity } = request;
  let { cost } = request;
  let charge = cost;
  if (cost === null && usage !== null && book !== undefined) {
    const rating = rate(book, usage, policy);
    if (rating === null) {
      const name = usage.model === "" ? "tokens without a model" : `${usage.provider}/${usage.model}`;
      throw invalidInput("model", "unknown_model", `no price for ${name}; add one to the price book`);
    }
    ({ cost, charge } = rating);
  }
  if ((cost ?? 0n) > MAX_COST || (charge ?? 0n) > MAX_COST)
    throw invalidInput("tokensIn", "cost_too_large", "one request costs more than $1,000,000");
  return {
    amounts: {
      cost: cost ?? 0n,
      charge: charge ?? 0n,
      tokens: usage === null ? 0n : tokensOf(usage),
      debates: type === DEBATE ? BigInt(quantity) : 0n,
      calls: 1n,
    },
    unknownUsd: cost === null,
    unknownTokens: usage === null,
  };
}

/** Whether pricing it needs the price book. */
export function needsPrice({ cost, usage }: CheckedRequest): boolean {
  return cost === null && usage !== null;
}

function parseDimensions(input: unknown): Dimensions {
  if (input === undefined) return NONE;
  const given = fieldsOf(input, SCOPE_DIMENSIONS, "dimensions");
  const dimensions = { ...NONE };
  for (const dimension of SCOPE_DIMENSIONS) {
    const value = dimensionOf(given[dimension], `dimensions.${dimension}`);
    dimensions[dimension] = dimension === "provider" ? value.toLowerCase() : value;
  }
  return dimensions;
}

function parseAmount(
  input: Readonly<Record<string, unknown>>,
  whose: { tenant: string; dimensions: Dimensions; type: string; at: number },
  names: { costUsd: string; tokensOut: string },
) {
  const cost = input.costUsd === undefined ? null : costOf(input.costUsd as DecimalInput, names.costUsd);
  const quantity = countOf(input.quantity, "quantity") ?? 1;
  const usage = usageOf(input, whose, quantity, names.tokensOut);
  const said = {
    cost: cost === null ? null : String(cost),
    quantity,
    usage: usage === null ? null : saidOf(usage),
  };
  return { amount: { cost, usage, quantity }, said };
}

function costOf(input: DecimalInput, field: string): bigint {
  const cost = parseUsd(input, field);
  if (cost < 0n) throw invalidInput(field, "negative", `${field} must not be negative`);
  if (cost > MAX_COST) throw invalidInput(field, "too_large", `${field} must be at most 1000000`);
  return cost;
}

function usageOf(
  input: Readonly<Record<string, unknown>>,
  { tenant, dimensions, type, at }: { tenant: string; dimensions: Dimensions; type: string; at: number },
  quantity: number,
  outputField: string,
): Usage | null {
  const named = AMOUNT_FIELDS.slice(0, 7).some((field) => input[field] !== undefined);
  const isUnit = type !== "tokens" && input.costUsd === undefined;
  if (!named && !isUnit) return null;
  const count = (field: string, name = field) => countOf(input[field], name, MAX_TOKENS) ?? 0;
  const tokensIn = count("tokensIn");
  const cacheReadTokens = count("cachedTokens");
  const cacheWrites = count("cacheWriteTokens");
  const cacheWrite1hTokens = count("cacheWrite1hTokens");
  const tokensOut = count("tokensOut", outputField);
  const reasoningTokens = count("reasoningTokens");
  if (cacheReadTokens + cacheWrites > tokensIn || cacheWrite1hTokens > cacheWrites)
    throw invalidInput("cachedTokens", "cached_exceeds_input", "cached tokens are a part of tokensIn");
  if (reasoningTokens > tokensOut)
    throw invalidInput(
      "reasoningTokens",
      "reasoning_exceeds_output",
      "reasoningTokens is a part of tokensOut",
    );
  return {
    ...{ tenant, type, ts: at, quantity },
    provider: dimensions.provider,
    model: dimensions.model,
    serviceTier: dimensionOf(input.serviceTier, "serviceTier"),
    inputTokens: tokensIn - cacheReadTokens - cacheWrites,
    cacheReadTokens,
    cacheWriteTokens: cacheWrites - cacheWrite1hTokens,
    cacheWrite1hTokens,
    outputTokens: tokensOut - reasoningTokens,
    reasoningTokens,
    webSearches: count("webSearches"),
  };
}

function tokensOf(usage: Usage): bigint {
  const input = usage.inputTokens + usage.cacheReadTokens + usage.cacheWriteTokens + usage.cacheWrite1hTokens;
  return BigInt(input + usage.outputTokens + usage.reasoningTokens);
}

function saidOf(usage: Usage) {
  const { inputTokens, cacheReadTokens, cacheWriteTokens, cacheWrite1hTokens, outputTokens } = usage;
  const { reasoningTokens, webSearches, serviceTier } = usage;
  return [
    ...[inputTokens, cacheReadTokens, cacheWriteTokens, cacheWrite1hTokens, outputTokens],
    ...[reasoningTokens, webSearches, serviceTier],
  ];
}
