// What callers give: checked, never cut or rounded.

import { DAY_MS, invalidInput, requireFreeReference } from "../../kernel/index.ts";
import { type CreditLotType, LOT_TYPES, NEVER } from "./credit.ts";

/** A billion dollars. */
const MAX_CENTS = 100_000_000_000;
const MAX_DAYS = 36_525;
const LAST_INSTANT = 253_402_300_799_999;

/** @throws BillingError invalid_input `unknown_field`: a misspelt reference would be none. */
export function fieldsOf(input: unknown, known: readonly string[], what: string): void {
  if (typeof input !== "object" || input === null || Array.isArray(input))
    throw invalidInput(what, "invalid_type", `${what} must be an object`);
  for (const key of Object.keys(input)) {
    if (known.includes(key)) continue;
    const name = key.slice(0, 80);
    throw invalidInput(name, "unknown_field", `${JSON.stringify(name)} is not a field of ${what}`);
  }
}

/** Whole cents from `least` up to a billion dollars. */
export function centsOf(value: unknown, field: string, least = 1): bigint {
  if (typeof value !== "number" || !Number.isInteger(value))
    throw invalidInput(field, "not_whole", `${field} must be a whole number of cents`);
  if (value < least || value > MAX_CENTS)
    throw invalidInput(field, "out_of_range", `${field} must be from ${least} to ${MAX_CENTS} cents`);
  return BigInt(value);
}

/** Whole cents of either sign, not 0. */
export function changeOf(value: unknown, field: string): bigint {
  const cents = centsOf(value, field, -MAX_CENTS);
  if (cents !== 0n) return cents;
  throw invalidInput(field, "out_of_range", `${field} must not be 0`);
}

export function textOf(value: unknown, field: string, longest = 256): string {
  const isText = typeof value === "string" && value.isWellFormed() && !/\p{Cc}/u.test(value);
  if (!isText || value.trim() === "" || value.length > longest)
    throw invalidInput(field, "invalid_text", `${field} must be one line of 1 to ${longest} characters`);
  return value;
}

/** '' for what is absent. */
export function noteOf(value: unknown, field: string): string {
  return value === undefined || value === null || value === "" ? "" : textOf(value, field, 1_000);
}

/** @param isOwn whether it comes from the engine itself, whose references no caller may take first. */
export function referenceOf(value: unknown, isOwn: boolean): string | null {
  if (value === undefined || value === null) return null;
  const reference = textOf(value, "reference");
  return isOwn ? reference : requireFreeReference(reference);
}

export function lotTypeOf(value: unknown): CreditLotType {
  const type = LOT_TYPES.find((one) => one === value);
  if (type !== undefined) return type;
  throw invalidInput("type", "invalid_choice", `type must be one of ${LOT_TYPES.join(", ")}`);
}

export function flagOf(value: unknown, field: string, absent: boolean): boolean {
  if (value === undefined) return absent;
  if (typeof value !== "boolean") throw invalidInput(field, "invalid_type", `${field} must be true or false`);
  return value;
}

/** When credits end: an instant, or so many days of 24 hours from now; {@link NEVER} where neither is given. */
export function endOf(
  { expiresAt, expiresInDays }: { readonly expiresAt?: unknown; readonly expiresInDays?: unknown },
  now: number,
): number {
  if (expiresAt !== undefined && expiresInDays !== undefined)
    throw invalidInput("expiresInDays", "given_twice", "give expiresAt or expiresInDays, not both");
  if (expiresInDays !== undefined) return now + daysOf(expiresInDays, "expiresInDays") * DAY_MS;
  if (expiresAt === undefined) return NEVER;
  const ms = expiresAt instanceof Date ? expiresAt.getTime() : Number.NaN;
  if (ms >= 0 && ms <= LAST_INSTANT) return ms;
  throw invalidInput("expiresAt", "invalid_timestamp", "expiresAt must be a Date from 1970 to 9999");
}

export function daysOf(value: unknown, field: string): number {
  const isDays = typeof value === "number" && Number.isInteger(value) && value >= 1 && value <= MAX_DAYS;
  if (isDays) return value;
  throw invalidInput(field, "out_of_range", `${field} must be whole days from 1 to ${MAX_DAYS}`);
}
