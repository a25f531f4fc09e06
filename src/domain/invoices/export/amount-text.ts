// How money reads in a document, and how such a text is read.

import {
  currencyExponent,
  formatDecimal,
  formatMinor,
  invalidInput,
  parseDecimal,
  parseMinor,
} from "../../../kernel/index.ts";

/** Minus as typographers write it would be no number to who copies it, so it is the one of the keyboard. */
const SIGNS: ReadonlyMap<string, string> = new Map([
  ["USD", "$"],
  ["EUR", "€"],
  ["GBP", "£"],
  ["JPY", "¥"],
]);
const CURRENCIES: ReadonlyMap<string, string> = new Map([...SIGNS].map(([code, sign]) => [sign, code]));
const PRICE_DIGITS = 30;
const AMOUNT_TEXT = /^(-?)(?:([$€£¥])|([A-Z]{3}) )?([0-9]{1,3}(?:,[0-9]{3})+|[0-9]+)(\.[0-9]+)?$/;

/**
 * Returns an amount as it is printed: sign, currency, groups of three, all fraction digits of the currency.
 *
 * @throws BillingError invalid_input `invalid_amount` naming `field`, or `unknown_currency`.
 * @example
 * amountText("1234.5", "USD", "total"); // "$1,234.50"
 * amountText("-5", "CHF", "total"); // "-CHF 5.00"
 * amountText("1000", "JPY", "total"); // "¥1,000"
 */
export function amountText(amount: string, currency: string, field: string): string {
  return withCurrency(formatMinor(parseMinor(amount, currency, field), currency), currency);
}

/**
 * Returns a price as it is printed: every digit it has, and at least those of the currency.
 *
 * @throws BillingError invalid_input `invalid_amount` naming `field`, or `unknown_currency`.
 * @example
 * priceText("0.00000015", "USD", "unitPrice"); // "$0.00000015"
 */
export function priceText(price: string, currency: string, field: string): string {
  const exact = formatDecimal(parseDecimal(price, PRICE_DIGITS, field), PRICE_DIGITS);
  const [whole = "", fraction = ""] = exact.split(".");
  const digits = fraction.padEnd(currencyExponent(currency), "0");
  return withCurrency(digits === "" ? whole : `${whole}.${digits}`, currency);
}

/**
 * Returns a quantity, or a rate, as it is printed: every digit it has, in groups of three.
 *
 * @throws BillingError invalid_input `invalid_amount` naming `field`.
 * @example
 * quantityText("1234567.50", "quantity"); // "1,234,567.5"
 */
export function quantityText(quantity: string, field: string): string {
  return grouped(formatDecimal(parseDecimal(quantity, PRICE_DIGITS, field), PRICE_DIGITS));
}

/** An amount as text says it: a plain decimal, and its currency where it names one. */
export interface ReadAmount {
  readonly amount: string;
  readonly currency: string | null;
}

/**
 * Reads an amount as it is printed: `$299.00`, `-€1,234.50`, `CHF 5.00`, or plain `299.00`.
 *
 * @throws BillingError invalid_input `invalid_amount` naming `field`.
 * @example
 * readAmountText("$1,299.00", "total"); // { amount: "1299.00", currency: "USD" }
 */
export function readAmountText(text: string, field: string): ReadAmount {
  const match = typeof text === "string" && text.length <= 60 ? AMOUNT_TEXT.exec(text.trim()) : null;
  if (match === null)
    throw invalidInput(field, "invalid_amount", `${field} must be an amount of money, like $1,299.00`);
  const [, minus = "", sign, code, whole = "", fraction = ""] = match;
  const currency = sign === undefined ? (code ?? null) : (CURRENCIES.get(sign) ?? null);
  return { amount: minus + whole.replaceAll(",", "") + fraction, currency };
}

function withCurrency(decimal: string, currency: string): string {
  const minus = decimal.startsWith("-") ? "-" : "";
  return `${minus}${SIGNS.get(currency) ?? `${currency} `}${grouped(decimal.slice(minus.length))}`;
}

function grouped(decimal: string): string {
  const [whole = "", fraction] = decimal.split(".");
  const groups = whole.replace(/\B(?=(?:[0-9]{3})+$)/g, ",");
  return fraction === undefined ? groups : `${groups}.${fraction}`;
}
