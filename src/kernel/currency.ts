// Billed money is integer minor units plus a currency. Minor units are never "times 100":
// the yen has none and the Kuwaiti dinar has three digits of them.

import { invalidInput } from "./errors.ts";
import { type DecimalInput, divideHalfUp, PICO_PER_USD, parseDecimal } from "./money.ts";

/**
 * Returns how many fraction digits a currency has (ISO 4217): USD 2, JPY 0, KWD 3.
 *
 * @throws BillingError invalid_input `unknown_currency` for anything but a known ISO 4217 code in upper case.
 * @example
 * currencyExponent("JPY"); // 0
 */
export function currencyExponent(currency: string): number {
  const exponent = EXPONENTS.get(currency);
  if (exponent === undefined) {
    const message = "currency must be an ISO 4217 code in upper case, like USD";
    throw invalidInput("currency", "unknown_currency", message);
  }
  return exponent;
}

/**
 * Rounds pico-USD to US cents: once, half up, ties away from zero. Sum first, round last.
 *
 * @example
 * picoUsdToCents(1_005_000_000_000n); // 101n
 */
export function picoUsdToCents(pico: bigint): bigint {
  return divideHalfUp(pico, PICO_PER_USD / 100n);
}

/**
 * Reads an amount in major units as integer minor units: exact, more digits than the currency has are refused.
 *
 * @throws BillingError invalid_input `invalid_amount`, naming `field`, or `unknown_currency`.
 * @example
 * parseMinor("12.30", "USD", "amount"); // 1230n
 */
export function parseMinor(input: DecimalInput, currency: string, field: string): bigint {
  return parseDecimal(input, currencyExponent(currency), field);
}

/**
 * Writes minor units as an amount in major units, with all the fraction digits of the currency.
 *
 * @throws BillingError invalid_input `unknown_currency`.
 * @example
 * formatMinor(1230n, "USD"); // "12.30"
 * formatMinor(1230n, "JPY"); // "1230"
 * formatMinor(1230n, "KWD"); // "1.230"
 */
export function formatMinor(minor: bigint, currency: string): string {
  const exponent = currencyExponent(currency);
  const sign = minor < 0n ? "-" : "";
  const digits = (minor < 0n ? -minor : minor).toString().padStart(exponent + 1, "0");
  const point = digits.length - exponent;
  return exponent === 0 ? sign + digits : `${sign}${digits.slice(0, point)}.${digits.slice(point)}`;
}

const UNUSUAL_EXPONENTS: Readonly<Record<number, string>> = {
  0: "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF",
  3: "BHD IQD JOD KWD LYD OMR TND",
  4: "CLF UYW",
};

const EXPONENTS: ReadonlyMap<string, number> = exponentTable();

// Not Intl's own digits: CLDR gives the customary ones (some ISO 2-digit currencies have 0 there).
function exponentTable(): Map<string, number> {
  const exponents = new Map(Intl.supportedValuesOf("currency").map((code): [string, number] => [code, 2]));
  for (const [exponent, codes] of Object.entries(UNUSUAL_EXPONENTS)) {
    for (const code of codes.split(" ")) {
      exponents.set(code, Number(exponent));
    }
  }
  return exponents;
}
