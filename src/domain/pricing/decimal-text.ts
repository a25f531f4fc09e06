// Decimal numbers as text: moved by powers of ten and rounded without ever being a binary float.

import { divideHalfUp, formatDecimal } from "../../kernel/index.ts";

const NUMBER = /^(-?)(\d+)(?:\.(\d+))?(?:[eE]([+-]?\d{1,9}))?$/;
/** More than any price needs; an exponent beyond it would only make texts that fill the memory. */
const MAX_DIGITS = 400;

/**
 * A JSON number times 10^places as plain decimal text, exact: `shiftDecimal("1.5e-7", 6)` is `"0.15"`. Undefined for
 * what is no JSON number, and for numbers of more than 400 digits.
 */
export function shiftDecimal(text: string, places: number): string | undefined {
  const [, sign = "", whole = "", fraction = "", exponent = "0"] = NUMBER.exec(text) ?? [];
  const point = whole.length + Number(exponent) + places;
  const digits = whole + fraction;
  if (whole === "" || digits.length > MAX_DIGITS || Math.abs(point) > MAX_DIGITS) return undefined;
  const padded = point > 0 ? digits.padEnd(point, "0") : digits.padStart(digits.length - point + 1, "0");
  const split = point > 0 ? point : 1;
  const before = padded.slice(0, split).replace(/^0+(?=\d)/, "");
  const after = padded.slice(split).replace(/0+$/, "");
  const plain = after === "" ? before : `${before}.${after}`;
  return plain === "0" ? plain : sign + plain;
}

/** Plain decimal text with at most `fractionDigits` after the point, rounded half up (ties away from zero). */
export function roundDecimal(text: string, fractionDigits: number): string {
  const [whole = "", fraction = ""] = text.split(".");
  if (fraction.length <= fractionDigits) return text;
  const units = BigInt(whole + fraction);
  return formatDecimal(divideHalfUp(units, 10n ** BigInt(fraction.length - fractionDigits)), fractionDigits);
}
