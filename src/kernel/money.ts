// Usage money is integer pico-USD (1e-12 USD) in a bigint: every list price is a whole number of
// them per token, so a sum of costs is exact. No binary float takes part anywhere in this file.

import { Decimal } from "decimal.js";
import { BillingError, invalidInput } from "./errors.ts";

/** Pico-USD in one US dollar: 10^12. */
export const PICO_PER_USD = 1_000_000_000_000n;

/** What callers may pass as an amount. A number is read by its shortest decimal text: 0.1 is exactly 0.1. */
export type DecimalInput = string | number | Decimal;

/**
 * Reads a decimal amount as an exact integer of 10^-fractionDigits units. Nothing is ever rounded.
 *
 * Accepts digits with at most one leading "-" and an optional fraction ("12", "-0.50"). Refuses all else:
 * blanks, "+", ".5", "5.", grouping, exponent forms (also of numbers: 1e-7; pass it as "0.0000001" or Decimal),
 * NaN, infinities, numbers beyond 2^53 - 1 (their digits are already lost), more fraction digits than fit
 * (trailing zeros count), and texts above 60 characters.
 *
 * @throws BillingError invalid_input `invalid_amount`, naming `field`.
 * @example
 * parseDecimal("2.85", 2, "amount"); // 285n
 */
export function parseDecimal(input: DecimalInput, fractionDigits: number, field: string): bigint {
  const text = decimalText(input, field);
  const match = text.length <= MAX_TEXT_LENGTH ? DECIMAL_TEXT.exec(text) : null;
  if (match === null) {
    throw invalidAmount(field, "must be a plain decimal number, like 12 or -0.5");
  }
  const [, sign = "", whole = "", fraction = ""] = match;
  if (fraction.length > fractionDigits) {
    throw invalidAmount(field, `must have at most ${fractionDigits} fraction digits`);
  }
  const magnitude = BigInt(whole + fraction.padEnd(fractionDigits, "0"));
  return sign === "-" ? -magnitude : magnitude;
}

/**
 * Reads a US dollar amount as pico-USD: up to 12 fraction digits, exact.
 *
 * @throws BillingError invalid_input `invalid_amount`, naming `field` (see `parseDecimal` for what is refused).
 * @example
 * parseUsd("0.00000015", "price"); // 150_000n
 */
export function parseUsd(input: DecimalInput, field: string): bigint {
  return parseDecimal(input, USD_FRACTION_DIGITS, field);
}

/**
 * Writes an integer of 10^-fractionDigits units as decimal text: exact, without exponent or trailing zeros.
 * `parseDecimal` reads it back, up to 60 characters.
 *
 * @example
 * formatDecimal(-500n, 3); // "-0.5"
 */
export function formatDecimal(value: bigint, fractionDigits: number): string {
  const sign = value < 0n ? "-" : "";
  const digits = absolute(value)
    .toString()
    .padStart(fractionDigits + 1, "0");
  const whole = digits.slice(0, digits.length - fractionDigits);
  const fraction = digits.slice(digits.length - fractionDigits).replace(/0+$/, "");
  return fraction === "" ? sign + whole : `${sign}${whole}.${fraction}`;
}

/**
 * Writes pico-USD as US dollars: exact, without exponent or trailing zeros. Use it wherever USD becomes JSON.
 *
 * @example
 * formatUsd(2_850_000_000_000n); // "2.85"
 */
export function formatUsd(pico: bigint): string {
  return formatDecimal(pico, USD_FRACTION_DIGITS);
}

/**
 * Returns pico-USD as a `Decimal` in US dollars: exact at any size, written without an exponent (also as JSON), and
 * with 60 digits of precision in arithmetic.
 *
 * @example
 * usdToDecimal(2_850_000_000_000n).toString(); // "2.85"
 */
export function usdToDecimal(pico: bigint): Decimal {
  return new PlainDecimal(formatUsd(pico));
}

/**
 * Divides and rounds half up, ties away from zero: 5/2 is 3, -5/2 is -3. So a credit mirrors its charge.
 *
 * @throws BillingError internal `division_by_zero`.
 * @example
 * divideHalfUp(-5n, 2n); // -3n
 */
export function divideHalfUp(numerator: bigint, denominator: bigint): bigint {
  if (denominator === 0n) {
    throw new BillingError("internal", "division_by_zero", "cannot divide an amount by zero");
  }
  const divisor = absolute(denominator);
  const magnitude = (2n * absolute(numerator) + divisor) / (2n * divisor);
  return numerator < 0n !== denominator < 0n ? -magnitude : magnitude;
}

/**
 * Splits a total in proportion to weights so that the parts sum exactly to it (largest remainder, Hamilton).
 *
 * Each part is within one unit of its exact share; of equal remainders the earlier index gets the unit. A
 * negative total mirrors the positive one. Weights that are all zero count as equal. Without weights only a
 * total of 0 splits.
 *
 * @throws BillingError invalid_input `invalid_weights` for a negative weight, or none and a total other than 0.
 * @example
 * splitByLargestRemainder(100n, [1n, 1n, 1n]); // [34n, 33n, 33n]
 */
export function splitByLargestRemainder(total: bigint, weights: readonly bigint[]): bigint[] {
  if (weights.some((weight) => weight < 0n)) {
    throw invalidInput("weights", "invalid_weights", "weights must not be negative");
  }
  if (weights.length === 0 && total !== 0n) {
    throw invalidInput("weights", "invalid_weights", "an amount cannot be split over no weights");
  }
  if (total < 0n) {
    return splitByLargestRemainder(-total, weights).map((part) => -part);
  }
  const shares = weights.some((weight) => weight > 0n) ? weights : weights.map(() => 1n);
  const sum = shares.reduce((left, right) => left + right, 0n);
  const parts = shares.map((share) => (total * share) / sum);
  const leftOver = total - parts.reduce((left, right) => left + right, 0n);
  for (const index of byLargestRemainder(total, shares, sum).slice(0, Number(leftOver))) {
    parts[index] = (parts[index] ?? 0n) + 1n;
  }
  return parts;
}

/**
 * Joins the two halves of a stored sum, `sum(x / 1000000)` and `sum(x % 1000000)`, into the exact sum of x.
 *
 * @example
 * joinMoney(2n, 850_000n); // 2_850_000n
 */
export function joinMoney(hi: bigint, lo: bigint): bigint {
  return hi * 1_000_000n + lo;
}

const PlainDecimal = Decimal.clone({ precision: 60, toExpNeg: -40, toExpPos: 60 });
const USD_FRACTION_DIGITS = 12;
const MAX_TEXT_LENGTH = 60;
const DECIMAL_TEXT = /^(-?)([0-9]+)(?:\.([0-9]+))?$/;

function decimalText(input: DecimalInput, field: string): string {
  if (typeof input === "string") {
    return input;
  }
  if (typeof input === "number") {
    if (Math.abs(input) > Number.MAX_SAFE_INTEGER) {
      throw invalidAmount(field, "is beyond the numbers that keep every digit; pass it as text");
    }
    return String(input);
  }
  // toFixed writes every zero out: a huge exponent would become a huge text before it could be refused.
  if (isDecimal(input) && Math.abs(input.e) <= MAX_TEXT_LENGTH) {
    return input.toFixed();
  }
  throw invalidAmount(field, "must be a decimal text, a finite number or a Decimal of usual size");
}

// isDecimal also takes the Decimals of another copy of the library, but JSON can forge the tag it looks for.
function isDecimal(input: unknown): input is Decimal {
  return Decimal.isDecimal(input) && typeof input.toFixed === "function";
}

function byLargestRemainder(total: bigint, shares: readonly bigint[], sum: bigint): number[] {
  const remainders = shares.map((share, index) => ({ index, remainder: (total * share) % sum }));
  remainders.sort((left, right) => {
    if (left.remainder === right.remainder) {
      return left.index - right.index;
    }
    return left.remainder > right.remainder ? -1 : 1;
  });
  return remainders.map(({ index }) => index);
}

function absolute(value: bigint): bigint {
  return value < 0n ? -value : value;
}

function invalidAmount(field: string, reason: string): BillingError {
  return invalidInput(field, "invalid_amount", `${field} ${reason}`);
}
