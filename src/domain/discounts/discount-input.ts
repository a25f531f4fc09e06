// What callers give: checked, never cut or rounded.

import {
  type DecimalInput,
  formatDecimal,
  invalidInput,
  parseDecimal,
  parseTimestamp,
  requireFreeReference,
} from "../../kernel/index.ts";
import { type Limit, planOf, type SubscriptionTier } from "../plans/index.ts";
import { PERCENT_DIGITS, WHOLE } from "./amount.ts";
import { canonicalCode } from "./code-text.ts";
import { type CodeTerms, DiscountType, type Worth } from "./discount.ts";

/** The terms of a code. Of `discountPercent`, `discountAmountCents` and `type: "volume"` give exactly one. */
export interface NewCode {
  /** 1 to 64 ASCII letters, digits, `-` and `_`, with a letter or digit at both ends. Case does not matter. */
  readonly code: string;
  readonly type?: DiscountType | undefined;
  /** Above 0 and at most 100, with up to 4 digits behind the point. */
  readonly discountPercent?: DecimalInput | undefined;
  /** Whole cents, from 1. */
  readonly discountAmountCents?: number | undefined;
  /** Default unlimited. */
  readonly maxUses?: Limit | undefined;
  /** Default 1. */
  readonly maxUsesPerOrganization?: Limit | undefined;
  /** Of the purchase before any discount; equal to it is enough. Default 0. */
  readonly minPurchaseCents?: number | undefined;
  /** Default: all. */
  readonly eligibleTiers?: readonly SubscriptionTier[] | undefined;
  /** Default: all. */
  readonly eligibleOrganizations?: readonly string[] | undefined;
  /** A Date, or text with an offset. Default: at once. */
  readonly validFrom?: Date | string | undefined;
  /** From this instant on it is not valid. Default: never. */
  readonly expiresAt?: Date | string | undefined;
  readonly description?: string | undefined;
}

/** A purchase on which a code is to be used. */
export interface CodeUse {
  /** Absent: the tenant of `withTenant`, else the instance's. */
  readonly tenant?: string | undefined;
  /** As it was typed. */
  readonly code: string;
  /** Whole cents before any discount, from 1. */
  readonly purchaseAmountCents: number;
  /** The purchase, unique per tenant. With it a retry is the same redemption, and several codes stack on one purchase. */
  readonly reference?: string | undefined;
  /** Of an organization that is not on record; of one that is, its own tier counts. */
  readonly tier?: SubscriptionTier | undefined;
}

export interface RedeemInput extends CodeUse {
  readonly userId?: string | undefined;
}

export interface ReserveInput extends RedeemInput {
  /** How long it lasts: up to 7 days; default 30 minutes. Let it outlast the checkout. */
  readonly ttlMs?: number | undefined;
}

export interface RedemptionKey {
  readonly tenant?: string | undefined;
  readonly redemptionId: string;
}

/** A billion dollars. */
const MAX_CENTS = 100_000_000_000;
const MAX_USES = 1_000_000_000;
const MAX_LISTED = 1_000;
const TYPES = Object.values(DiscountType);
const MINUTE_MS = 60_000;
const MAX_TTL_MS = 7 * 24 * 60 * MINUTE_MS;
const DEFAULT_TTL_MS = 30 * MINUTE_MS;

const NEW_CODE = [
  ...["code", "type", "discountPercent", "discountAmountCents", "maxUses", "maxUsesPerOrganization"],
  ...["minPurchaseCents", "eligibleTiers", "eligibleOrganizations", "validFrom", "expiresAt", "description"],
];

/** @throws BillingError invalid_input `unknown_field`: a misspelt limit would be none. */
export function fieldsOf(input: unknown, known: readonly string[], what: string): void {
  if (typeof input !== "object" || input === null || Array.isArray(input))
    throw invalidInput(what, "invalid_type", `${what} must be an object`);
  for (const key of Object.keys(input)) {
    if (known.includes(key)) continue;
    const name = key.slice(0, 80);
    throw invalidInput(name, "unknown_field", `${JSON.stringify(name)} is not a field of ${what}`);
  }
}

/** The terms of a code to make. */
export function termsOf(input: NewCode): CodeTerms {
  fieldsOf(input, NEW_CODE, "code");
  const validFrom = instantOf(input.validFrom, "validFrom");
  const expiresAt = instantOf(input.expiresAt, "expiresAt");
  if (validFrom !== null && expiresAt !== null && expiresAt <= validFrom)
    throw invalidInput("expiresAt", "out_of_range", "expiresAt must be after validFrom");
  const code = canonicalCode(textOf(input.code, "code"));
  if (code === undefined) {
    const text = "code must be 1 to 64 letters, digits, - and _, with a letter or digit at both ends";
    throw invalidInput("code", "invalid_code", text);
  }
  return {
    ...{ code, worth: worthOf(input), validFrom, expiresAt },
    maxUses: limitOf(input.maxUses, "maxUses", "unlimited"),
    maxUsesPerOrganization: limitOf(input.maxUsesPerOrganization, "maxUsesPerOrganization", 1),
    minPurchase: centsOf(input.minPurchaseCents ?? 0, "minPurchaseCents", 0),
    tiers: listOf(input.eligibleTiers, "eligibleTiers", tierOf),
    organizations: listOf(input.eligibleOrganizations, "eligibleOrganizations", textOf),
    description: noteOf(input.description, "description"),
  };
}

function worthOf({ type, discountPercent, discountAmountCents }: NewCode): Worth {
  if (type !== undefined && !TYPES.includes(type))
    throw invalidInput("type", "invalid_choice", `type must be one of ${TYPES.join(", ")}`);
  if (discountPercent !== undefined && discountAmountCents !== undefined)
    throw given("discountAmountCents", "give discountPercent or discountAmountCents, not both");
  const implied =
    discountPercent !== undefined
      ? "percentage"
      : discountAmountCents !== undefined
        ? "fixed_amount"
        : "volume";
  if (type !== implied && !(type === undefined && implied !== "volume"))
    throw given("type", "a percentage has discountPercent, an amount discountAmountCents, volume neither");
  if (discountPercent !== undefined) return { type: "percentage", percent: percentOf(discountPercent) };
  return discountAmountCents === undefined
    ? { type: "volume" }
    : { type: "fixed_amount", amount: centsOf(discountAmountCents, "discountAmountCents") };
}

function percentOf(input: NonNullable<NewCode["discountPercent"]>): string {
  const percent = parseDecimal(input, PERCENT_DIGITS, "discountPercent");
  if (percent > 0n && percent <= WHOLE) return formatDecimal(percent, PERCENT_DIGITS);
  throw invalidInput("discountPercent", "out_of_range", "discountPercent must be above 0 and at most 100");
}

/** Whole cents from `least` up to a billion dollars. */
export function centsOf(value: unknown, field: string, least = 1): bigint {
  if (typeof value !== "number" || !Number.isInteger(value))
    throw invalidInput(field, "not_whole", `${field} must be a whole number of cents`);
  if (value < least || value > MAX_CENTS)
    throw invalidInput(field, "out_of_range", `${field} must be from ${least} to ${MAX_CENTS} cents`);
  return BigInt(value);
}

export function textOf(value: unknown, field: string): string {
  const isText = typeof value === "string" && value.isWellFormed() && !/\p{Cc}/u.test(value);
  if (!isText || value.trim() === "" || value.length > 256)
    throw invalidInput(field, "invalid_text", `${field} must be one line of 1 to 256 characters`);
  return value;
}

/** What a customer typed where a code goes. */
export function typedOf(value: unknown): string {
  if (typeof value === "string") return value;
  throw invalidInput("code", "invalid_type", "code must be text");
}

/** '' for what is absent. */
export function noteOf(value: unknown, field: string): string {
  return value === undefined || value === null || value === "" ? "" : textOf(value, field);
}

export function referenceOf(value: unknown): string | null {
  return value === undefined || value === null ? null : textOf(value, "reference");
}

/** Of what is to be written: none of an invoice's. */
export function freeReferenceOf(value: unknown): string | null {
  const reference = referenceOf(value);
  return reference === null ? null : requireFreeReference(reference);
}

export function tierOf(value: unknown): SubscriptionTier {
  return planOf(value as SubscriptionTier).tier;
}

/** How long a reservation lasts. */
export function ttlOf(value: unknown): number {
  const ttlMs = value ?? DEFAULT_TTL_MS;
  if (typeof ttlMs === "number" && Number.isInteger(ttlMs) && ttlMs >= 1 && ttlMs <= MAX_TTL_MS) return ttlMs;
  throw invalidInput("ttlMs", "out_of_range", `ttlMs must be whole milliseconds from 1 to ${MAX_TTL_MS}`);
}

function limitOf(value: unknown, field: string, absent: Limit): Limit {
  if (value === undefined) return absent;
  if (value === "unlimited") return value;
  if (typeof value === "number" && Number.isInteger(value) && value >= 1 && value <= MAX_USES) return value;
  throw invalidInput(field, "out_of_range", `${field} must be from 1 to ${MAX_USES}, or "unlimited"`);
}

/** Each once, in order. */
function listOf<Item extends string>(
  value: unknown,
  field: string,
  itemOf: (item: unknown, field: string) => Item,
): Item[] {
  if (value === undefined) return [];
  if (!Array.isArray(value) || value.length > MAX_LISTED)
    throw invalidInput(field, "invalid_type", `${field} must be a list of up to ${MAX_LISTED}`);
  return [...new Set(value.map((item) => itemOf(item, field)))].sort();
}

function instantOf(value: Date | string | undefined, field: string): number | null {
  return value === undefined ? null : parseTimestamp(value, field);
}

function given(field: string, text: string) {
  return invalidInput(field, "one_discount", text);
}
